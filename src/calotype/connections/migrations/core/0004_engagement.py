"""Marks, who likes what, counts, and minutes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _marks()
    _likers()
    _tallies()


def _marks() -> None:
    op.create_table(
        "marks",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mark_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "user_id", "subject_id", "kind", name=op.f("pk_marks")),
        sqlite_with_rowid=False,
    )
    columns = ["shard", "user_id", "kind", "mark_id"]
    op.create_index(op.f("ix_marks_shard_user_id_kind_mark_id"), "marks", columns, unique=False)


def _likers() -> None:
    op.create_table(
        "likers",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mark_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "subject_id", "user_id", name=op.f("pk_likers")),
        sqlite_with_rowid=False,
    )
    columns = ["shard", "subject_id", "mark_id"]
    op.create_index(op.f("ix_likers_shard_subject_id_mark_id"), "likers", columns, unique=False)
    op.create_index(
        "ix_likers_uncounted",
        "likers",
        ["shard", "subject_id"],
        unique=False,
        sqlite_where=sa.text("standing != counted"),
        postgresql_where=sa.text("standing != counted"),
    )


def _tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("likes", sa.Integer(), nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.Column("early", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "subject_id", name=op.f("pk_tallies")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "engagement_minutes",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("minute", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("engagements", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "post_id", "minute", name=op.f("pk_engagement_minutes")),
        sqlite_with_rowid=False,
    )
