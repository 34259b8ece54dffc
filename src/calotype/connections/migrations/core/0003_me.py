"""Avatars, names that are held back, and what is left of deleted accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("avatar_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_name_claims_user_id", "name_claims", ["user_id"], unique=False)
    op.create_index(
        "ix_name_claims_reserved_until_ms", "name_claims", ["reserved_until_ms"], unique=False
    )
    _avatars()
    _held_names()
    _tombstones()


def _avatars() -> None:
    op.create_table(
        "avatars",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("media_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "media_id", name=op.f("pk_avatars")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_avatars_shard_user_id"), "avatars", ["shard", "user_id"], unique=False)


def _held_names() -> None:
    op.create_table(
        "held_names",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "digest", name=op.f("pk_held_names")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_held_names_until_ms", "held_names", ["until_ms"], unique=False)


def _tombstones() -> None:
    op.create_table(
        "tombstones",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "user_id", name=op.f("pk_tombstones")),
        sqlite_with_rowid=False,
    )
