"""Recipes and sources of media, how far a rebuild of them has come, and codes of failures."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("former_key", sa.String(length=40), nullable=False, server_default=""),
        sa.Column("recipe", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("source", sa.String(length=12), nullable=False, server_default="original"),
    ):
        op.add_column("media", column)
    for table in ("posts", "media", "avatars"):
        code = sa.Column("reason_code", sa.String(length=40), nullable=False, server_default="")
        op.add_column(table, code)
    op.create_index(op.f("ix_media_source_media_id"), "media", ["source", "media_id"], unique=False)
    op.create_table(
        "rebuilds",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("rebuild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("below", sa.SmallInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("handed_out", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("exhausted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "rebuild_id", name=op.f("pk_rebuilds")),
        sqlite_with_rowid=False,
    )
