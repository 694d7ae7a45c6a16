"""how queues route, what agents can do, the centre's rules, numbers not to call

Revision ID: 0005
Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sql.models.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
INNODB: Any = {"mysql_default_charset": "utf8mb4", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "queue_routing",
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("skills", sa.String(length=500), nullable=False),
        sa.Column("tier_wait_seconds", sa.Integer(), nullable=False),
        sa.Column("ageing_seconds", sa.Integer(), nullable=False),
        sa.Column("historic_wait_seconds", sa.Integer(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=True),
        sa.Column("announcements", sa.JSON(), nullable=True),
        sa.Column("callback", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_queue_routing_queue_id_queue"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_queue_routing")),
        **INNODB,
    )  # fmt: skip
    op.create_table(
        "agent_routing",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("max_conversations", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_routing_agent_id_agent"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agent_routing")),
        **INNODB,
    )  # fmt: skip
    op.create_table(
        "agent_skill",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_skill_agent_id_agent"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("agent_id", "name", name=op.f("pk_agent_skill")),
        **INNODB,
    )  # fmt: skip
    op.create_table(
        "routing_rule",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_routing_rule")),
        **INNODB,
    )
    op.create_table(
        "do_not_call",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_do_not_call")),
        **INNODB,
    )


def downgrade() -> None:
    for table in ("do_not_call", "routing_rule", "agent_skill", "agent_routing", "queue_routing"):
        op.drop_table(table)
