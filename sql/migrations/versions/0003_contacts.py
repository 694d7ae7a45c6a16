"""what is kept about contacts: mail address, custom fields, tags, notes, blacklist

Revision ID: 0003
Revises: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sql.models.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
INNODB: dict[str, Any] = {"mysql_default_charset": "utf8mb4", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("updated_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("email", sa.String(length=128), server_default="", nullable=False))
        batch_op.add_column(sa.Column("fields", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_contact_email"), ["email"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_contact_merged_into_id_contact"), "contact", ["merged_into_id"], ["id"]
        )
    op.create_table(
        "contact_tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("colour", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_tag")),
        sa.UniqueConstraint("name", name=op.f("uq_contact_tag_name")),
        **INNODB,
    )
    op.create_table(
        "contact_tagging",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_tagging_contact_id_contact")),
        sa.ForeignKeyConstraint(["tag_id"], ["contact_tag.id"], name=op.f("fk_contact_tagging_tag_id_contact_tag")),
        sa.PrimaryKeyConstraint("contact_id", "tag_id", name=op.f("pk_contact_tagging")),
        **INNODB,
    )  # fmt: skip
    op.create_index(op.f("ix_contact_tagging_tag_id"), "contact_tagging", ["tag_id"])
    op.create_table(
        "contact_field",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("title_zh", sa.String(length=64), nullable=False),
        sa.Column("title_en", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_field")),
        sa.UniqueConstraint("key", name=op.f("uq_contact_field_key")),
        **INNODB,
    )
    op.create_table(
        "contact_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_contact_note_contact_id_contact")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_contact_note_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_note")),
        **INNODB,
    )  # fmt: skip
    op.create_index(op.f("ix_contact_note_contact_id"), "contact_note", ["contact_id"])
    op.create_table(
        "blacklist_entry",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_blacklist_entry_contact_id_contact")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_blacklist_entry_user_id_user")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_blacklist_entry")),
        **INNODB,
    )  # fmt: skip
    op.create_index(op.f("ix_blacklist_entry_contact_id"), "blacklist_entry", ["contact_id"])


def downgrade() -> None:
    for table in ("blacklist_entry", "contact_note", "contact_field", "contact_tagging", "contact_tag"):
        op.drop_table(table)
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_contact_merged_into_id_contact"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_contact_email"))
        for column in ("merged_into_id", "fields", "email", "updated_at"):
            batch_op.drop_column(column)
