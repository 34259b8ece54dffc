"""Videos: a medium's kind, how far its making is, how long it lasts, whether it has a sound."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("kind", sa.String(length=12), nullable=False, server_default="photo"),
        sa.Column("progress", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("sound", sa.Boolean(), nullable=True),
    ):
        op.add_column("media", column)
