"""Preferences: what each person set for themselves."""

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('preference',
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('changed_at', db.models.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('person', 'name', name=op.f('pk_preference'))
    )
