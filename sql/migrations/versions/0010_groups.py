"""queues with a number of their own, for calls from inside

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("queue_routing", sa.Column("number", sa.String(length=4), nullable=False, server_default=""))
    op.add_column("queue_routing", sa.Column("is_paged", sa.Boolean(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("queue_routing", "is_paged")
    op.drop_column("queue_routing", "number")
