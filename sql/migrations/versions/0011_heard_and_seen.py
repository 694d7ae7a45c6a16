"""when a voicemail was heard first, and when an agent looked at its missed calls

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from sql.models.base import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("voicemail", sa.Column("heard_at", UtcDateTime(), nullable=True))
    op.add_column("user_preference", sa.Column("missed_seen_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("user_preference", "missed_seen_at")
    op.drop_column("voicemail", "heard_at")
