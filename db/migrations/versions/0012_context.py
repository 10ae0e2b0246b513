"""Indexes in which a thread, an author and the replies to a comment lie in order of time."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ('thread', 'author'):
        op.create_index(f'ix_comment_{name}_at', 'comment', [name, 'source', sa.text('coalesce(created_at, added_at)'), 'id'])
        op.drop_index(f'ix_comment_{name}', 'comment')
    only = sa.text('parent IS NOT NULL')
    op.create_index('ix_comment_parent', 'comment', ['parent', 'source', 'id'], sqlite_where=only, postgresql_where=only)
