"""Bring a database to the newest schema. Called at every start; run as a module, writes a new migration."""

import sys
import tempfile
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from db.session import build_engine

MIGRATION_LOCK = 8_501_001
"""Key of PostgreSQL's advisory lock around a migration: two processes may start at once."""


def config() -> Config:
    """Alembic's configuration, without a file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return made


@cache
def _newest() -> str | None:
    """The newest schema's revision, read from the migrations once: health checks ask every few seconds."""
    return ScriptDirectory.from_config(config()).get_current_head()


def is_current(engine: Engine) -> bool:
    """Whether the database has the newest schema."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == _newest()


def migrate(engine: Engine) -> None:
    """Upgrade to the newest schema, in one transaction, waiting for another process that does the same."""
    if is_current(engine):
        return
    made = config()
    with engine.execution_options(moderato_writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        made.attributes["connection"] = connection
        command.upgrade(made, "head")


def write_revision(message: str) -> None:
    """Write the migration that takes the newest schema to what db.models says, found on a throw-away database."""
    with tempfile.TemporaryDirectory() as folder:
        engine = build_engine(f"sqlite:///{folder}/schema.db")
        migrate(engine)
        made = config()
        with engine.begin() as connection:
            made.attributes["connection"] = connection
            command.revision(made, message=message, autogenerate=True)
        engine.dispose()


if __name__ == "__main__":
    write_revision(" ".join(sys.argv[1:]) or "change")
