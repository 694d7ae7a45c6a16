"""files that every server of a centre has: flows, prompts, spoken texts, contacts

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from sql.models.shared_files import Content

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_file",
        sa.Column("path", sa.String(200), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", Content, nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("shared_file")
