"""Programs: their keys, how often they call, what they suggest."""

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('api_key',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('scopes', sa.Text(), nullable=False),
    sa.Column('rate', sa.Double(), nullable=True),
    sa.Column('daily', sa.Integer(), nullable=True),
    sa.Column('created_at', db.models.Instant(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('last_used_at', db.models.Instant(), nullable=True),
    sa.Column('revoked_at', db.models.Instant(), nullable=True),
    sa.Column('revoked_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_key')),
    sa.UniqueConstraint('hash', name=op.f('uq_api_key_hash')),
    sa.UniqueConstraint('name', name=op.f('uq_api_key_name'))
    )
    op.create_table('api_usage',
    sa.Column('key_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('day', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('requests', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['key_id'], ['api_key.id'], name=op.f('fk_api_usage_key_id')),
    sa.PrimaryKeyConstraint('key_id', 'day', name=op.f('pk_api_usage'))
    )
    op.create_table('suggestion',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('comment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key_id', sa.Integer(), nullable=False),
    sa.Column('labels', sa.Integer(), nullable=False),
    sa.Column('given', sa.Integer(), nullable=False),
    sa.Column('scores', sa.JSON(), nullable=False),
    sa.Column('client_token', sa.Text(), nullable=True),
    sa.Column('decision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sent_at', db.models.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], name=op.f('fk_suggestion_comment_id')),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_suggestion_decision_id')),
    sa.ForeignKeyConstraint(['key_id'], ['api_key.id'], name=op.f('fk_suggestion_key_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suggestion'))
    )
    with op.batch_alter_table('suggestion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_suggestion_comment_id'), ['comment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_suggestion_key_id'), ['key_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('suggestion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_suggestion_key_id'))
        batch_op.drop_index(batch_op.f('ix_suggestion_comment_id'))

    op.drop_table('suggestion')
    op.drop_table('api_usage')
    op.drop_table('api_key')
