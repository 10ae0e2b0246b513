"""Privacy: what was erased, how long texts are kept. And what may only grow is kept from changing by the database."""

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

# Of an entry of the ledger nothing may change but its note, which an erasure takes away.
_LEDGER = (
    "id, client_id, comment_id, person, decided_at, labels, outcome, lane, blind, seconds, model_id, policy_id, "
    "revokes, batch"
)
_TRAIL_SAYS = "the audit trail is append-only"
_LEDGER_SAYS = "the ledger is append-only"
SQLITE = (
    f"CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, '{_TRAIL_SAYS}'); END",
    f"CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, '{_TRAIL_SAYS}'); END",
    f"CREATE TRIGGER decision_no_update BEFORE UPDATE OF {_LEDGER} ON decision "
    f"BEGIN SELECT RAISE(ABORT, '{_LEDGER_SAYS}'); END",
    "CREATE TRIGGER decision_note_goes BEFORE UPDATE OF note ON decision WHEN NEW.note IS NOT NULL "
    f"BEGIN SELECT RAISE(ABORT, '{_LEDGER_SAYS}'); END",
    f"CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, '{_LEDGER_SAYS}'); END",
)
_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""
_ONLY_NOTE = """
CREATE FUNCTION decision_note_goes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE without_note decision := OLD;
BEGIN
  without_note.note := NULL;
  IF NEW IS DISTINCT FROM without_note THEN RAISE EXCEPTION 'decision is append-only'; END IF;
  RETURN NEW;
END $$
"""
POSTGRESQL = (
    _REFUSE,
    _ONLY_NOTE,
    "CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER decision_no_truncate BEFORE TRUNCATE ON decision EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER decision_note_goes BEFORE UPDATE ON decision FOR EACH ROW EXECUTE FUNCTION decision_note_goes()",
)


def upgrade() -> None:
    op.create_table('setting',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('changed_at', db.models.Instant(), nullable=False),
    sa.Column('changed_by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_setting'))
    )
    op.create_table('secret',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.LargeBinary(), nullable=False),
    sa.Column('made_at', db.models.Instant(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_secret'))
    )
    op.create_table('erasure',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('target', sa.JSON(), nullable=True),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('erased', sa.Integer(), nullable=False),
    sa.Column('files', sa.Integer(), nullable=False),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.Column('worker', sa.Text(), nullable=True),
    sa.Column('started_at', db.models.Instant(), nullable=False),
    sa.Column('seen_at', db.models.Instant(), nullable=False),
    sa.Column('ended_at', db.models.Instant(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasure'))
    )
    op.create_table('erased_comment',
    sa.Column('comment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('erasure_id', sa.Integer(), nullable=False),
    sa.Column('key_hash', sa.Text(), nullable=False),
    sa.Column('erased_at', db.models.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['comment_id'], ['comment.id'], name=op.f('fk_erased_comment_comment_id')),
    sa.ForeignKeyConstraint(['erasure_id'], ['erasure.id'], name=op.f('fk_erased_comment_erasure_id')),
    sa.PrimaryKeyConstraint('comment_id', name=op.f('pk_erased_comment'))
    )
    op.create_index(op.f('ix_erased_comment_erasure_id'), 'erased_comment', ['erasure_id'], unique=False)
    op.create_index(op.f('ix_erased_comment_key_hash'), 'erased_comment', ['key_hash'], unique=False)
    op.create_table('snapshot_erasure',
    sa.Column('snapshot_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('erasure_id', sa.Integer(), nullable=False),
    sa.Column('removed', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('at', db.models.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['erasure_id'], ['erasure.id'], name=op.f('fk_snapshot_erasure_erasure_id')),
    sa.ForeignKeyConstraint(['snapshot_id'], ['snapshot.id'], name=op.f('fk_snapshot_erasure_snapshot_id')),
    sa.PrimaryKeyConstraint('snapshot_id', name=op.f('pk_snapshot_erasure'))
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        names = ("audit_event_no_update", "audit_event_no_delete", "decision_no_update", "decision_note_goes")
        for name in (*names, "decision_no_delete"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP FUNCTION refuse_change() CASCADE")
        op.execute("DROP FUNCTION decision_note_goes() CASCADE")
    for table in ('snapshot_erasure', 'erased_comment', 'erasure', 'secret', 'setting'):
        op.drop_table(table)
