"""what calls leave behind in flows: runs, counts, voicemails, survey answers

Revision ID: 0006
Revises: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sql.models.base import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
INNODB: dict[str, Any] = {"mysql_default_charset": "utf8mb4", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "flow_run",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("interaction_id", sa.String(length=36), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("ended", sa.String(length=16), nullable=False),
        sa.Column("last_node", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_run")),
        **INNODB,
    )
    op.create_index(op.f("ix_flow_run_interaction_id"), "flow_run", ["interaction_id"])
    op.create_index(op.f("ix_flow_run_began_at"), "flow_run", ["began_at"])
    op.create_table(
        "flow_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("way", sa.String(length=96), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "flow", "node", "way", name=op.f("pk_flow_count")),
        **INNODB,
    )
    op.create_table(
        "voicemail",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("interaction_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("did", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("queue_name", sa.String(length=32), nullable=False),
        sa.Column("notify", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("flow", sa.String(length=96), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["done_by_id"], ["user.id"], name=op.f("fk_voicemail_done_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voicemail")),
        **INNODB,
    )
    for column in ("interaction_id", "at", "queue_name", "done_at"):
        op.create_index(op.f(f"ix_voicemail_{column}"), "voicemail", [column])
    op.create_table(
        "survey_answer",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("interaction_id", sa.String(length=36), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("best", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("flow", sa.String(length=96), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.String(length=255), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_answer")),
        **INNODB,
    )
    op.create_index(op.f("ix_survey_answer_interaction_id"), "survey_answer", ["interaction_id"])
    op.create_index(op.f("ix_survey_answer_at"), "survey_answer", ["at"])


def downgrade() -> None:
    for table in ("survey_answer", "voicemail", "flow_count", "flow_run"):
        op.drop_table(table)
