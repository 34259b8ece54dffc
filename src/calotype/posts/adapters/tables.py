"""The tables of posts, their media, their authors' counts, and of rebuilds."""

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded

posts_table = sharded(
    CORE,
    "posts",
    id_column("post_id", key=True),
    id_column("author_id", nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reason_code", sa.String(40), nullable=False, server_default=""),
    id_column("published_id", nullable=True),
    sa.Column("caption", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("mentions", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=True),
    sa.Column("audience", sa.String(12), nullable=False),
    sa.Column("edited_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "shard", "author_id", "status", "published_id"),
    sa.Index(None, "status", "post_id"),
)
# Spelt out, so that the planner sees that the partial index serves.
PUBLISHED = posts_table.c.status == sa.literal_column("'PUBLISHED'")
sa.Index(
    "ix_posts_published",
    posts_table.c.audience,
    posts_table.c.published_id,
    sqlite_where=PUBLISHED,
    postgresql_where=PUBLISHED,
)
media_table = sharded(
    CORE,
    "media",
    id_column("media_id", key=True),
    id_column("post_id", nullable=False),
    id_column("author_id", nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reason_code", sa.String(40), nullable=False, server_default=""),
    sa.Column("key", sa.String(40), nullable=False),
    sa.Column("content_type", sa.String(60), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("alt_text", sa.Text, nullable=False),
    sa.Column("look", sa.Text, nullable=True),
    sa.Column("width", sa.Integer, nullable=True),
    sa.Column("height", sa.Integer, nullable=True),
    sa.Column("blurhash", sa.String(120), nullable=True),
    sa.Column("kind", sa.String(12), nullable=False, server_default="photo"),
    sa.Column("progress", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("duration_ms", sa.Integer, nullable=True),
    sa.Column("sound", sa.Boolean, nullable=True),
    sa.Column("former_key", sa.String(40), nullable=False, server_default=""),
    sa.Column("recipe", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("source", sa.String(12), nullable=False, server_default="original"),
    sa.Index(None, "shard", "post_id"),
    sa.Index(None, "source", "media_id"),
)
post_counts_table = sharded(
    CORE,
    "post_counts",
    id_column("author_id", key=True),
    sa.Column("published", sa.Integer, nullable=False),
)
rebuilds_table = sharded(
    CORE,
    "rebuilds",
    id_column("rebuild_id", key=True),
    id_column("author_id", nullable=False),
    sa.Column("below", sa.SmallInteger, nullable=False),
    id_column("reached", nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("handed_out", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("exhausted", sa.Boolean, nullable=False),
)
