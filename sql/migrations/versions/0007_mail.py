"""outgoing mail; mail addresses and pictures of users; what a conversation has sent by mail

Revision ID: 0007
Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sql.models.base import UtcDateTime
from sql.models.chat import LARGE_ID

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
INNODB: dict[str, Any] = {"mysql_default_charset": "utf8mb4", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "outgoing_mail",
        sa.Column("id", LARGE_ID, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
        sa.UniqueConstraint("key", name="uq_outgoing_mail_key"),
        **INNODB,
    )
    for column in ("created_at", "due_at", "state"):
        op.create_index(op.f(f"ix_outgoing_mail_{column}"), "outgoing_mail", [column])
    op.add_column("user", sa.Column("email", sa.String(length=254), nullable=False, server_default=""))
    op.add_column("user", sa.Column("picture", sa.String(length=36), nullable=False, server_default=""))
    op.add_column("conversation", sa.Column("mailed_sequence", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("conversation", "mailed_sequence")
    op.drop_column("user", "picture")
    op.drop_column("user", "email")
    op.drop_table("outgoing_mail")
