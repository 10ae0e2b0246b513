"""People: the audit trail, accounts, sign-ins."""

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('at', db.models.Instant(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_event'))
    )
    op.create_index(op.f('ix_audit_event_person_id'), 'audit_event', ['person', 'id'], unique=False)
    op.create_index(op.f('ix_audit_event_what_id'), 'audit_event', ['what', 'id'], unique=False)


def downgrade() -> None:
    op.drop_table('audit_event')
