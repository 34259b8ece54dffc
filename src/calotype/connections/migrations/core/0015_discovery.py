"""People by the beginnings of their names, posts for everyone by time; who is here is indexed anew."""

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0011"
branch_labels = None
depends_on = None

_PAGE = 500


def upgrade() -> None:
    op.create_table(
        "name_prefixes",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("prefix", sa.String(6), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "user_id", "prefix", name=op.f("pk_name_prefixes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_name_prefixes_rank", "name_prefixes", ["prefix", "rank", "user_id"])
    published = sa.text("status = 'PUBLISHED'")
    op.create_index(
        "ix_posts_published",
        "posts",
        ["audience", "published_id"],
        sqlite_where=published,
        postgresql_where=published,
    )
    _tell_of_accounts()


def _tell_of_accounts() -> None:
    """The event `account.changed` for everyone, from which the worker makes the index.

    An account's own id serves as the event's: no other event can have it.
    """
    accounts = sa.table("accounts", sa.column("shard"), sa.column("user_id"))
    outbox = sa.table(
        "outbox", *(sa.column(name) for name in ("shard", "id", "kind", "key", "payload", "trace"))
    )
    keys = (accounts.c.shard, accounts.c.user_id)
    after = (-1, 0)
    while True:
        page = sa.select(*keys).where(sa.tuple_(*keys) > after).order_by(*keys)
        rows = op.get_bind().execute(page.limit(_PAGE)).all()
        if not rows:
            return
        after = (rows[-1].shard, rows[-1].user_id)
        events = [
            {
                "shard": row.shard,
                "id": row.user_id,
                "kind": "account.changed",
                "key": f"account/{row.user_id}",
                "payload": msgspec.msgpack.encode({"user_id": row.user_id}),
                "trace": "",
            }
            for row in rows
        ]
        op.bulk_insert(outbox, events)
