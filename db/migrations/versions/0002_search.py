"""Full text, and the indexes that browsing needs.

SQLite: an FTS5 index over comment(text) that reads the texts from the comment table. It is not filled by triggers, which
would slow the import down by half: an indexer follows in batches, and `comment_fts_progress` says how far it is.
PostgreSQL: a GIN index, which the database itself keeps.
"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE VIRTUAL TABLE comment_fts USING fts5("
    "text, content='comment', content_rowid='id', tokenize='unicode61 remove_diacritics 2')",
    "CREATE TABLE comment_fts_progress (one INTEGER PRIMARY KEY CHECK (one = 1), last_id INTEGER NOT NULL)",
    "INSERT INTO comment_fts_progress VALUES (1, 0)",
)


def upgrade() -> None:
    op.create_index('ix_comment_source', 'comment', ['source', 'id'], unique=False)
    op.create_index('ix_decision_person_comment', 'decision', ['person', 'comment_id'], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
    else:
        op.execute("CREATE INDEX comment_fts ON comment USING gin (to_tsvector('simple', text))")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE comment_fts")
        op.execute("DROP TABLE comment_fts_progress")
    else:
        op.execute("DROP INDEX comment_fts")
    op.drop_index('ix_decision_person_comment', 'decision')
    op.drop_index('ix_comment_source', 'comment')
