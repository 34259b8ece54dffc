"""Jobs take turns by account."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("account", "turn"):
        op.add_column(
            "jobs", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
        )
    op.create_index(
        op.f("ix_jobs_lane_died_ms_turn"), "jobs", ["lane", "died_ms", "turn"], unique=False
    )
    op.create_index(
        op.f("ix_jobs_lane_account_died_ms_turn"),
        "jobs",
        ["lane", "account", "died_ms", "turn"],
        unique=False,
    )
