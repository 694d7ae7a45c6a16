"""the workbench's own: tickets, knowledge, invited colleagues, contacts' files, users' keys

Revision ID: 0009
Revises: 0008
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sql.models.base import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
INNODB: dict[str, Any] = {"mysql_default_charset": "utf8mb4", "mysql_engine": "InnoDB"}


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))


def _words(name: str, length: int) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def upgrade() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), nullable=False),
        _words("title", 128),
        sa.Column("text", sa.Text(), nullable=False),
        _words("status", 16),
        _words("priority", 16),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("interaction_id", sa.String(length=36), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("solved_at", UtcDateTime(), nullable=True),
        _to("ticket", "agent_id", "agent"),
        _to("ticket", "contact_id", "contact"),
        _to("ticket", "interaction_id", "interaction"),
        _to("ticket", "created_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        **INNODB,
    )
    for column in ("status", "agent_id", "contact_id", "interaction_id", "created_at"):
        op.create_index(op.f(f"ix_ticket_{column}"), "ticket", [column])
    op.create_table(
        "ticket_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        _to("ticket_entry", "ticket_id", "ticket"),
        _to("ticket_entry", "user_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_entry")),
        **INNODB,
    )
    op.create_index(op.f("ix_ticket_entry_ticket_id"), "ticket_entry", ["ticket_id"])
    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False),
        _words("title", 128),
        sa.Column("text", sa.Text(), nullable=False),
        _words("category", 64),
        _words("tags", 255),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        _to("article", "updated_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        **INNODB,
    )
    op.create_index(op.f("ix_article_category"), "article", ["category"])
    op.create_table(
        "conversation_guest",
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("invited_by_agent_id", sa.Integer(), nullable=True),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        _to("conversation_guest", "conversation_id", "conversation"),
        _to("conversation_guest", "agent_id", "agent"),
        _to("conversation_guest", "invited_by_agent_id", "agent"),
        sa.PrimaryKeyConstraint("conversation_id", "agent_id", name=op.f("pk_conversation_guest")),
        **INNODB,
    )
    op.create_index(op.f("ix_conversation_guest_agent_id"), "conversation_guest", ["agent_id"])
    op.create_table(
        "contact_attachment",
        _words("id", 36),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        _words("name", 128),
        _words("content_type", 128),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        _words("path", 128),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        _to("contact_attachment", "contact_id", "contact"),
        _to("contact_attachment", "user_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_attachment")),
        **INNODB,
    )
    op.create_index(op.f("ix_contact_attachment_contact_id"), "contact_attachment", ["contact_id"])
    op.create_table(
        "user_preference",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("shortcuts", sa.JSON(), nullable=False),
        sa.Column("enter_sends", sa.Boolean(), nullable=False),
        _to("user_preference", "user_id", "user"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_preference")),
        **INNODB,
    )


def downgrade() -> None:
    for table in ("user_preference", "contact_attachment", "conversation_guest", "article", "ticket_entry", "ticket"):
        op.drop_table(table)
