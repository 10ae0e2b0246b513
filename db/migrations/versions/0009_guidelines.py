"""Guidelines: what each label means, in versions."""

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_SAYS = "guidelines are append-only"
SQLITE = (
    f"CREATE TRIGGER guideline_no_update BEFORE UPDATE ON guideline BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
    f"CREATE TRIGGER guideline_no_delete BEFORE DELETE ON guideline BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END",
)
POSTGRESQL = (  # the function is of migration 0007
    "CREATE TRIGGER guideline_no_change BEFORE UPDATE OR DELETE ON guideline "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER guideline_no_truncate BEFORE TRUNCATE ON guideline EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    op.create_table('guideline',
    sa.Column('topic', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('line', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('person', sa.Text(), nullable=True),
    sa.Column('saved_at', db.models.Instant(), nullable=False),
    sa.Column('restored', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('topic', 'version', name=op.f('pk_guideline'))
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
