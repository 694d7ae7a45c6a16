"""messages that visitors left: their queue, who dealt with them and what was done

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from sql.models.base import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BY_AGENT = "fk_left_message_handled_by_agent_id_agent"
BY_USER = "fk_left_message_done_by_id_user"


def upgrade() -> None:
    with op.batch_alter_table("left_message") as batch_op:
        batch_op.drop_constraint(BY_AGENT, type_="foreignkey")
        batch_op.drop_column("handled_by_agent_id")
        batch_op.drop_column("handled_at")
        batch_op.add_column(sa.Column("queue_name", sa.String(32), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("done_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("done_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("note", sa.String(1000), nullable=False, server_default=""))
        batch_op.create_foreign_key(BY_USER, "user", ["done_by_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_left_message_done_at"), ["done_at"])
    op.execute(
        "UPDATE left_message SET queue_name = (SELECT queue_name FROM site WHERE site.id = left_message.site_id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("left_message") as batch_op:
        batch_op.drop_index(batch_op.f("ix_left_message_done_at"))
        batch_op.drop_constraint(BY_USER, type_="foreignkey")
        for column in ("note", "done_by_id", "done_at", "queue_name"):
            batch_op.drop_column(column)
        batch_op.add_column(sa.Column("handled_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("handled_by_agent_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(BY_AGENT, "agent", ["handled_by_agent_id"], ["id"])
