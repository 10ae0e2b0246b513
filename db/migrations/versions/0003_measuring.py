"""Second opinions, shadow models, drift, gate reports; what a policy may do without review."""

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

PREVALENCE = {
    "toxic": 0.0958, "severe_toxic": 0.01, "obscene": 0.0529, "threat": 0.003, "insult": 0.0494, "identity_hate": 0.0088
}


def upgrade() -> None:
    op.create_table('drift_alert',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=True),
    sa.Column('day', sa.Integer(), nullable=False),
    sa.Column('value', sa.Double(), nullable=False),
    sa.Column('limit', sa.Double(), nullable=False),
    sa.Column('boost', sa.Double(), nullable=False),
    sa.Column('raised_at', db.models.Instant(), nullable=False),
    sa.Column('cleared_at', db.models.Instant(), nullable=True),
    sa.ForeignKeyConstraint(['model_id'], ['model_version.id'], name=op.f('fk_drift_alert_model_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drift_alert'))
    )
    with op.batch_alter_table('drift_alert', schema=None) as batch_op:
        batch_op.create_index('uq_drift_alert_open', ['kind', 'subject'], unique=True, sqlite_where=sa.text('cleared_at IS NULL'), postgresql_where=sa.text('cleared_at IS NULL'))

    op.create_table('drift_state',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('checked_at', db.models.Instant(), nullable=False),
    sa.Column('day', sa.Integer(), nullable=False),
    sa.Column('looks', sa.Integer(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('word_cursor', sa.BigInteger(), nullable=False),
    sa.Column('reference_first', sa.Integer(), nullable=True),
    sa.Column('reference_last', sa.Integer(), nullable=True),
    sa.Column('reference_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drift_state'))
    )
    op.create_table('band_score',
    sa.Column('day', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('model_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('band', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('bin', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['model_version.id'], name=op.f('fk_band_score_model_id')),
    sa.PrimaryKeyConstraint('day', 'model_id', 'band', 'bin', name=op.f('pk_band_score'))
    )
    op.create_table('word_day',
    sa.Column('day', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('comments', sa.Integer(), nullable=False),
    sa.Column('words', sa.Double(), nullable=False),
    sa.Column('fresh', sa.Double(), nullable=False),
    sa.Column('words_squared', sa.Double(), nullable=False),
    sa.Column('fresh_squared', sa.Double(), nullable=False),
    sa.Column('words_fresh', sa.Double(), nullable=False),
    sa.Column('known_days', sa.Integer(), nullable=False),
    sa.Column('hashes', sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_word_day'))
    )
    op.create_table('gate_report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('live_id', sa.Integer(), nullable=True),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('passed', sa.Boolean(), nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.Column('made_at', db.models.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['live_id'], ['model_version.id'], name=op.f('fk_gate_report_live_id')),
    sa.ForeignKeyConstraint(['model_id'], ['model_version.id'], name=op.f('fk_gate_report_model_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gate_report'))
    )
    with op.batch_alter_table('gate_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_gate_report_model_id'), ['model_id'], unique=False)

    op.create_table('shadow',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('rate', sa.Double(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('started_at', db.models.Instant(), nullable=False),
    sa.Column('ended_at', db.models.Instant(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['model_id'], ['model_version.id'], name=op.f('fk_shadow_model_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shadow'))
    )
    with op.batch_alter_table('shadow', schema=None) as batch_op:
        batch_op.create_index('uq_shadow_running', ['model_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('shadow_pending',
    sa.Column('shadow_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('comment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('lease_until', sa.BigInteger(), nullable=False),
    sa.Column('worker', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], name=op.f('fk_shadow_pending_comment_id')),
    sa.ForeignKeyConstraint(['shadow_id'], ['shadow.id'], name=op.f('fk_shadow_pending_shadow_id')),
    sa.PrimaryKeyConstraint('shadow_id', 'comment_id', name=op.f('pk_shadow_pending'))
    )
    with op.batch_alter_table('shadow_pending', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shadow_pending_shadow_id_lease_until_comment_id'), ['shadow_id', 'lease_until', 'comment_id'], unique=False)

    op.create_table('shadow_count',
    sa.Column('shadow_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('what', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('cell', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['shadow_id'], ['shadow.id'], name=op.f('fk_shadow_count_shadow_id')),
    sa.PrimaryKeyConstraint('shadow_id', 'what', 'cell', name=op.f('pk_shadow_count'))
    )
    op.create_table('disagreement',
    sa.Column('shadow_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('comment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('live_id', sa.Integer(), nullable=False),
    sa.Column('live_flags', sa.Integer(), nullable=False),
    sa.Column('shadow_flags', sa.Integer(), nullable=False),
    sa.Column('rate', sa.Double(), nullable=False),
    sa.Column('drawn', sa.Boolean(), nullable=False),
    sa.Column('seen_at', db.models.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], name=op.f('fk_disagreement_comment_id')),
    sa.ForeignKeyConstraint(['live_id'], ['model_version.id'], name=op.f('fk_disagreement_live_id')),
    sa.ForeignKeyConstraint(['shadow_id'], ['shadow.id'], name=op.f('fk_disagreement_shadow_id')),
    sa.PrimaryKeyConstraint('shadow_id', 'comment_id', name=op.f('pk_disagreement'))
    )
    with op.batch_alter_table('disagreement', schema=None) as batch_op:
        batch_op.create_index('ix_disagreement_drawn', ['shadow_id', 'comment_id'], unique=False, sqlite_where=sa.text('drawn'), postgresql_where=sa.text('drawn'))

    op.create_table('second_opinion',
    sa.Column('first_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('comment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rate', sa.Double(), nullable=False),
    sa.Column('priority', sa.REAL(), nullable=False),
    sa.Column('drawn_at', db.models.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], name=op.f('fk_second_opinion_comment_id')),
    sa.ForeignKeyConstraint(['first_id'], ['decision.id'], name=op.f('fk_second_opinion_first_id')),
    sa.PrimaryKeyConstraint('first_id', name=op.f('pk_second_opinion'))
    )
    with op.batch_alter_table('second_opinion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_second_opinion_comment_id'), ['comment_id'], unique=False)

    # not in batches: those would make the table anew, which rows that point to it forbid
    op.add_column('policy', sa.Column('second_rate', sa.Double(), server_default=sa.text('0.05'), nullable=False))
    op.add_column('policy', sa.Column('auto_remove', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('policy', sa.Column('auto_audit_rate', sa.Double(), server_default=sa.text('0.05'), nullable=False))

    op.add_column('routing', sa.Column('automatic', sa.Boolean(), server_default=sa.text('false'), nullable=False))


    # flagged comments that wait are served by what rare labels they are likely to have (core.routing.queue_order)
    order = " + ".join(f"score.{label} / {share}" for label, share in PREVALENCE.items())
    its_score = "FROM score WHERE score.comment_id = routing.comment_id AND score.model_id = routing.model_id"
    op.execute(
        f"UPDATE routing SET priority = -(SELECT {order} {its_score}) "  # nosec B608 # words of this file
        f"WHERE state = 'open' AND lane = 'flagged' AND EXISTS (SELECT 1 {its_score})"
    )


def downgrade() -> None:
    op.drop_column('routing', 'automatic')

    op.drop_column('policy', 'auto_audit_rate')
    op.drop_column('policy', 'auto_remove')
    op.drop_column('policy', 'second_rate')

    with op.batch_alter_table('second_opinion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_second_opinion_comment_id'))

    op.drop_table('second_opinion')
    with op.batch_alter_table('disagreement', schema=None) as batch_op:
        batch_op.drop_index('ix_disagreement_drawn', sqlite_where=sa.text('drawn'), postgresql_where=sa.text('drawn'))

    op.drop_table('disagreement')
    op.drop_table('shadow_count')
    with op.batch_alter_table('shadow_pending', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_shadow_pending_shadow_id_lease_until_comment_id'))

    op.drop_table('shadow_pending')
    with op.batch_alter_table('shadow', schema=None) as batch_op:
        batch_op.drop_index('uq_shadow_running', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.drop_table('shadow')
    with op.batch_alter_table('gate_report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_gate_report_model_id'))

    op.drop_table('gate_report')
    with op.batch_alter_table('drift_alert', schema=None) as batch_op:
        batch_op.drop_index('uq_drift_alert_open', sqlite_where=sa.text('cleared_at IS NULL'), postgresql_where=sa.text('cleared_at IS NULL'))

    op.drop_table('word_day')
    op.drop_table('band_score')
    op.drop_table('drift_state')
    op.drop_table('drift_alert')
