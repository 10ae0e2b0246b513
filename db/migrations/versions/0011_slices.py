"""Slices of the queue, and who works on them; what a comment is written in; who handed a comment over."""

import sqlalchemy as sa
from alembic import op

import db.models
from core.script import script_of

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_TOGETHER = 5_000


def upgrade() -> None:
    op.create_table('slice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('filter', sa.JSON(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('created_at', db.models.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_slice')),
    sa.UniqueConstraint('name', name=op.f('uq_slice_name'))
    )
    op.create_table('slice_member',
    sa.Column('slice_id', sa.Integer(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['slice_id'], ['slice.id'], name=op.f('fk_slice_member_slice_id')),
    sa.PrimaryKeyConstraint('slice_id', 'person', name=op.f('pk_slice_member'))
    )
    op.create_index(op.f('ix_slice_member_person'), 'slice_member', ['person'])
    op.add_column('claim', sa.Column('handed_by', sa.Text(), nullable=True))
    op.add_column('claim', sa.Column('handed_note', sa.Text(), nullable=True))
    op.add_column('comment', sa.Column('script', sa.Text(), nullable=True))
    _tell_scripts(op.get_bind())


def _tell_scripts(connection: sa.Connection) -> None:
    """Texts of ASCII alone are Latin, and are not read."""
    beyond = "text GLOB '*[^ -~]*'" if connection.dialect.name == 'sqlite' else "text ~ '[^[:ascii:]]'"
    some = sa.text(f"SELECT id, substr(text, 1, 400) FROM comment WHERE id > :after AND {beyond} ORDER BY id LIMIT {_TOGETHER}")
    told = sa.text("UPDATE comment SET script = :script WHERE id = :id")
    after = 0
    while rows := connection.execute(some, {"after": after}).all():
        after = rows[-1][0]
        found = [{"id": id_, "script": script} for id_, body in rows if (script := script_of(body))]
        if found:
            connection.execute(told, found)
