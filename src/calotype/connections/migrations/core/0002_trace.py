"""The id of the request that a job, a delivery or an event goes back to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("jobs", "deliveries", "outbox"):
        op.add_column(
            table, sa.Column("trace", sa.String(length=64), nullable=False, server_default="")
        )
