"""Webhooks: where decisions are delivered, and each delivery."""

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('webhook',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('events', sa.Text(), nullable=False),
    sa.Column('sources', sa.JSON(), nullable=False),
    sa.Column('with_person', sa.Boolean(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('old_secret', sa.Text(), nullable=True),
    sa.Column('old_secret_until', db.models.Instant(), nullable=True),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('disabled_why', sa.Text(), nullable=True),
    sa.Column('cursor', big, nullable=False),
    sa.Column('created_at', db.models.Instant(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('delivered_at', db.models.Instant(), nullable=True),
    sa.Column('failing_since', db.models.Instant(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.Column('streak', sa.Integer(), nullable=False),
    sa.Column('paused_until', db.models.Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook')),
    sa.UniqueConstraint('name', name=op.f('uq_webhook_name'))
    )
    op.create_table('webhook_delivery',
    sa.Column('id', big, nullable=False),
    sa.Column('webhook_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('comment_id', big, nullable=False),
    sa.Column('decision_id', big, nullable=True),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('created_at', db.models.Instant(), nullable=False),
    sa.Column('first_tried_at', db.models.Instant(), nullable=True),
    sa.Column('next_at', db.models.Instant(), nullable=False),
    sa.Column('lease', sa.Text(), nullable=True),
    sa.Column('ended_at', db.models.Instant(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], name=op.f('fk_webhook_delivery_comment_id')),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_webhook_delivery_decision_id')),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhook.id'], name=op.f('fk_webhook_delivery_webhook_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_delivery'))
    )
    op.create_index('ix_webhook_delivery_due', 'webhook_delivery', ['webhook_id', 'state', 'next_at', 'id'])
    leased = sa.text('lease IS NOT NULL')
    op.create_index('ix_webhook_delivery_lease', 'webhook_delivery', ['webhook_id'],
                    sqlite_where=leased, postgresql_where=leased)
    op.create_index('ix_webhook_delivery_age', 'webhook_delivery', ['state', 'ended_at'])


def downgrade() -> None:
    op.drop_table('webhook_delivery')
    op.drop_table('webhook')
