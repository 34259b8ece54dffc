"""The tables of marks, and of the projection that is counted."""

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded

marks_table = sharded(
    CORE,
    "marks",
    id_column("user_id", key=True),
    id_column("subject_id", key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    id_column("mark_id", nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("standing", sa.Boolean, nullable=False),
    sa.Index(None, "shard", "user_id", "kind", "mark_id"),
)
likers_table = sharded(
    CORE,
    "likers",
    id_column("subject_id", key=True),
    id_column("user_id", key=True),
    id_column("mark_id", nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("standing", sa.Boolean, nullable=False),
    # Whether it is in the subject's count.
    sa.Column("counted", sa.Boolean, nullable=False),
    sa.Index(None, "shard", "subject_id", "mark_id"),
)
uncounted = likers_table.c.standing != likers_table.c.counted
sa.Index(
    "ix_likers_uncounted",
    likers_table.c.shard,
    likers_table.c.subject_id,
    sqlite_where=uncounted,
    postgresql_where=uncounted,
)
tallies_table = sharded(
    CORE,
    "tallies",
    id_column("subject_id", key=True),
    sa.Column("likes", sa.Integer, nullable=False),
    sa.Column("comments", sa.Integer, nullable=False),
    # Likes and comments within an hour of publishing.
    sa.Column("early", sa.Integer, nullable=False),
)
minutes_table = sharded(
    CORE,
    "engagement_minutes",
    id_column("post_id", key=True),
    # Since it was published.
    sa.Column("minute", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("engagements", sa.Integer, nullable=False),
)
comments_table = sharded(
    CORE,
    "comments",
    id_column("comment_id", key=True),
    id_column("post_id", nullable=False),
    id_column("author_id", nullable=False),
    # The comment that begins the thread; 0 for that one itself.
    id_column("reply_to", nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("mentions", sa.Text, nullable=False),
    sa.Column("edited_ms", sa.BigInteger, nullable=False),
    sa.Column("standing", sa.Boolean, nullable=False),
    # Whether it is in the counts of its post and its thread.
    sa.Column("counted", sa.Boolean, nullable=False),
    sa.Index(None, "shard", "post_id", "reply_to", "comment_id"),
    sa.Index(None, "author_id"),
)
affinities_table = sharded(
    CORE,
    "affinities",
    id_column("viewer_id", key=True),
    id_column("author_id", key=True),
    # As of at_ms; it decays from then on.
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    # The last events that are in the score, eight bytes each.
    sa.Column("causes", sa.LargeBinary, nullable=False),
    sa.Index(None, "author_id"),
)
