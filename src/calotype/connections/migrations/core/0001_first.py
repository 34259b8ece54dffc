"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _accounts()
    _deliveries()
    _follow_counts()
    _followers()
    _follows()
    _idempotency_keys()
    _invitations()
    _jobs()
    _media()
    _name_claims()
    _notices()
    _outbox()
    _post_counts()
    _posts()
    _refresh_tokens()
    _revoked_sessions()
    _sessions()
    _signing_keys()


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("username", sa.String(length=30), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("bio", sa.String(length=500), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("shard", "user_id", name=op.f("pk_accounts")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_accounts_owners",
        "accounts",
        ["role"],
        unique=False,
        sqlite_where=sa.text("role = 'owner'"),
        postgresql_where=sa.text("role = 'owner'"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("died_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "id", "lane", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_deliveries_lane_died_ms_due_ms"),
        "deliveries",
        ["lane", "died_ms", "due_ms"],
        unique=False,
    )
    op.create_index(
        op.f("ix_deliveries_lane_key_died_ms_id"),
        "deliveries",
        ["lane", "key", "died_ms", "id"],
        unique=False,
    )


def _follow_counts() -> None:
    op.create_table(
        "follow_counts",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("followers", sa.Integer(), nullable=False),
        sa.Column("following", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "user_id", name=op.f("pk_follow_counts")),
        sqlite_with_rowid=False,
    )


def _followers() -> None:
    op.create_table(
        "followers",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("followee_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("follower_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edge_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "followee_id", "follower_id", name=op.f("pk_followers")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_followers_shard_followee_id_edge_id"),
        "followers",
        ["shard", "followee_id", "edge_id"],
        unique=False,
    )


def _follows() -> None:
    op.create_table(
        "follows",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("follower_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("followee_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edge_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "follower_id", "followee_id", name=op.f("pk_follows")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_follows_shard_follower_id_edge_id"),
        "follows",
        ["shard", "follower_id", "edge_id"],
        unique=False,
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("claimed_ms", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("shard", "account_id", "key", name=op.f("pk_idempotency_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_idempotency_keys_claimed_ms"), "idempotency_keys", ["claimed_ms"], unique=False
    )


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shard", "digest", name=op.f("pk_invitations")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_invitations_expires_ms", "invitations", ["expires_ms"], unique=False)


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("died_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("shard", "kind", "key", name=op.f("uq_jobs_shard_kind_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_jobs_lane_died_ms_due_ms"), "jobs", ["lane", "died_ms", "due_ms"], unique=False
    )


def _media() -> None:
    op.create_table(
        "media",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("media_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("content_type", sa.String(length=60), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("alt_text", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("blurhash", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("shard", "media_id", name=op.f("pk_media")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_media_shard_post_id"), "media", ["shard", "post_id"], unique=False)


def _name_claims() -> None:
    op.create_table(
        "name_claims",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=254), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reserved_until_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shard", "name", name=op.f("pk_name_claims")),
        sqlite_with_rowid=False,
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cause", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "user_id", "notice_id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "shard", "user_id", "cause", name=op.f("uq_notices_shard_user_id_cause")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_notices_notice_id"), "notices", ["notice_id"], unique=False)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "id", name=op.f("pk_outbox")),
        sqlite_with_rowid=False,
    )


def _post_counts() -> None:
    op.create_table(
        "post_counts",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "author_id", name=op.f("pk_post_counts")),
        sqlite_with_rowid=False,
    )


def _posts() -> None:
    op.create_table(
        "posts",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_id", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("caption", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("mentions", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("edited_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "post_id", name=op.f("pk_posts")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_posts_shard_author_id_status_published_id"),
        "posts",
        ["shard", "author_id", "status", "published_id"],
        unique=False,
    )
    op.create_index(op.f("ix_posts_status_post_id"), "posts", ["status", "post_id"], unique=False)


def _refresh_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shard", "session_id", "digest", name=op.f("pk_refresh_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_refresh_tokens_expires_ms", "refresh_tokens", ["expires_ms"], unique=False)


def _revoked_sessions() -> None:
    op.create_table(
        "revoked_sessions",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "session_id", name=op.f("pk_revoked_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_revoked_sessions_revoked_ms", "revoked_sessions", ["revoked_ms"], unique=False
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "session_id", name=op.f("pk_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sessions_person", "sessions", ["shard", "user_id"], unique=False)
    op.create_index("ix_sessions_used_ms", "sessions", ["used_ms"], unique=False)


def _signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kid", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "kid", name=op.f("pk_signing_keys")),
        sqlite_with_rowid=False,
    )
