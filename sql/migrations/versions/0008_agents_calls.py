"""what agents' own calls show, and whose phone answers by itself

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agent_routing", sa.Column("caller_number", sa.String(length=32), nullable=False, server_default=""))
    op.add_column("agent_routing", sa.Column("auto_answer", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("queue_routing", sa.Column("caller_number", sa.String(length=32), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("queue_routing", "caller_number")
    op.drop_column("agent_routing", "auto_answer")
    op.drop_column("agent_routing", "caller_number")
