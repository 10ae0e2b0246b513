"""Webhooks: where decisions are delivered, and each delivery."""

import sqlalchemy as sa
from alembic import op

import db.models

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
