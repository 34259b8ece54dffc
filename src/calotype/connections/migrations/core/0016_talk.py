"""Comments, affinity, who a notice is about, and up to where people have read theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _comments()
    _affinities()
    _notices()


def _comments() -> None:
    op.create_table(
        "comments",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("comment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reply_to", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.Text(), nullable=False),
        sa.Column("edited_ms", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "comment_id", name=op.f("pk_comments")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_comments_shard_post_id_reply_to_comment_id"),
        "comments",
        ["shard", "post_id", "reply_to", "comment_id"],
        unique=False,
    )
    op.create_index(op.f("ix_comments_author_id"), "comments", ["author_id"], unique=False)


def _affinities() -> None:
    op.create_table(
        "affinities",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("viewer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("causes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "viewer_id", "author_id", name=op.f("pk_affinities")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_affinities_author_id"), "affinities", ["author_id"], unique=False)


def _notices() -> None:
    op.add_column(
        "notices", sa.Column("actor_id", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_index(
        "ix_notices_actor_id",
        "notices",
        ["actor_id"],
        unique=False,
        sqlite_where=sa.text("actor_id != 0"),
        postgresql_where=sa.text("actor_id != 0"),
    )
    op.create_table(
        "notice_reads",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "user_id", name=op.f("pk_notice_reads")),
        sqlite_with_rowid=False,
    )
