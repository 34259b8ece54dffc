"""How authors want their photos to look: turn, crop, filter and strength, as JSON."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("media", sa.Column("look", sa.Text(), nullable=True))
