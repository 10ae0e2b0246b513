"""How Alembic reaches the database: over the connection that db.migrate hands it."""

from alembic import context

import db.guideline_models
import db.people_models
import db.preference_models
import db.privacy_models
import db.program_models
import db.quality_models
import db.question_models
import db.slice_models
import db.webhook_models  # noqa: F401
from db.models import Base


def _ours(_object: object, name: str | None, type_: str, _reflected: bool, _compare_to: object) -> bool:
    # The full-text tables and index are made by hand in a migration; the models do not know them.
    return not (type_ in {"table", "index"} and name is not None and name.startswith("comment_fts"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    include_object=_ours,
)
with context.begin_transaction():
    context.run_migrations()
