"""Questions to leads, and what people answered to golden comments."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_OPEN: dict[str, Any] = {'sqlite_where': sa.text('closed_at IS NULL'), 'postgresql_where': sa.text('closed_at IS NULL')}


def upgrade() -> None:
    op.create_table('question',
    sa.Column('id', _BIG, nullable=False),
    sa.Column('client_id', sa.Uuid(), nullable=False),
    sa.Column('comment_id', _BIG, nullable=False),
    sa.Column('asker', sa.Text(), nullable=False),
    sa.Column('asked_at', db.models.Instant(), nullable=False),
    sa.Column('question', sa.Text(), nullable=True),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('blind', sa.Boolean(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('answered_by', sa.Text(), nullable=True),
    sa.Column('answered_at', db.models.Instant(), nullable=True),
    sa.Column('answer_id', sa.Uuid(), nullable=True),
    sa.Column('closed_at', db.models.Instant(), nullable=True),
    sa.Column('decision_id', sa.Uuid(), nullable=True),
    sa.Column('told_at', db.models.Instant(), nullable=True),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], name=op.f('fk_question_comment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_question')),
    sa.UniqueConstraint('client_id', name=op.f('uq_question_client_id')),
    sa.UniqueConstraint('answer_id', name=op.f('uq_question_answer_id'))
    )
    op.create_index('ix_question_asker', 'question', ['asker', 'id'])
    op.create_index(op.f('ix_question_comment_id'), 'question', ['comment_id'])
    op.create_index(op.f('ix_question_decision_id'), 'question', ['decision_id'])
    op.create_index('uq_question_open', 'question', ['comment_id'], unique=True, **_OPEN)
    op.create_table('golden_answer',
    sa.Column('id', _BIG, nullable=False),
    sa.Column('comment_id', _BIG, nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('drawn_at', db.models.Instant(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('policy_id', sa.Integer(), nullable=False),
    sa.Column('priority', sa.REAL(), nullable=False),
    sa.Column('held', sa.Boolean(), nullable=False),
    sa.Column('closed_at', db.models.Instant(), nullable=True),
    sa.Column('client_id', sa.Uuid(), nullable=True),
    sa.Column('labels', sa.Integer(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('seconds', sa.Double(), nullable=True),
    sa.Column('undo_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], name=op.f('fk_golden_answer_comment_id')),
    sa.ForeignKeyConstraint(['model_id'], ['model_version.id'], name=op.f('fk_golden_answer_model_id')),
    sa.ForeignKeyConstraint(['policy_id'], ['policy.id'], name=op.f('fk_golden_answer_policy_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_golden_answer')),
    sa.UniqueConstraint('client_id', name=op.f('uq_golden_answer_client_id'))
    )
    op.create_index(op.f('ix_golden_answer_comment_id'), 'golden_answer', ['comment_id'])
    op.create_index('ix_golden_answer_person', 'golden_answer', ['person', 'closed_at'])
    op.create_index('uq_golden_answer_open', 'golden_answer', ['person', 'comment_id'], unique=True, **_OPEN)
