"""GraphCensus on the relational store."""

from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa

from calotype.connections.pages import pages
from calotype.connections.sql import Database, Transaction
from calotype.graph.adapters.sql import follow_counts_table, followers_table, follows_table
from calotype.graph.census import Follows
from calotype.kernel.ids import SHARD_SHIFT, SHARDS, shard_of

_out, _into, _counts = follows_table.c, followers_table.c, follow_counts_table.c


class SqlGraphCensus:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def edges(self) -> AsyncIterator[list[Follows]]:
        keys = (_out.shard, _out.follower_id, _out.followee_id)
        async for page in pages(self._database, sa.select(*keys, _out.edge_id), keys):
            yield [Follows(row.follower_id, row.followee_id, row.edge_id) for row in page]

    async def one_sided(self) -> AsyncIterator[list[Follows]]:
        outgoing = (_out.shard, _out.follower_id, _out.followee_id)
        incoming = (_into.shard, _into.followee_id, _into.follower_id)
        for keys, other in ((outgoing, followers_table), (incoming, follows_table)):
            c = keys[0].table.c
            # The other end is on the other person's shard, which its id names.
            mirrored = sa.exists().where(
                other.c.shard == _shard(c[other.primary_key.columns.keys()[1]]),
                other.c.follower_id == c.follower_id,
                other.c.followee_id == c.followee_id,
            )
            async for page in pages(
                self._database, sa.select(*keys, c.edge_id).where(~mirrored), keys
            ):
                yield [Follows(row.follower_id, row.followee_id, row.edge_id) for row in page]

    def mend(self, tx: Transaction, edge: Follows) -> None:
        out = (
            _out.shard == shard_of(edge.follower_id),
            _out.follower_id == edge.follower_id,
            _out.followee_id == edge.followee_id,
        )
        standing = tx.first(sa.select(_out.edge_id).where(*out))
        shard = shard_of(edge.followee_id)
        if standing is None:
            tx.execute(
                sa.delete(followers_table).where(
                    _into.shard == shard,
                    _into.followee_id == edge.followee_id,
                    _into.follower_id == edge.follower_id,
                )
            )
            return
        ends = {"follower_id": edge.follower_id, "followee_id": edge.followee_id}
        row = {"shard": shard, **ends, "edge_id": standing.edge_id}
        tx.insert_new(followers_table, [row])

    async def miscounted(self) -> AsyncIterator[list[int]]:
        keys = (_counts.shard, _counts.user_id)
        following, followers = _actual()
        counted = sa.select(
            *keys,
            _counts.following,
            _counts.followers,
            following.label("out"),
            followers.label("into"),
        )
        async for page in pages(self._database, counted, keys):
            yield [
                row.user_id for row in page if (row.following, row.followers) != (row.out, row.into)
            ]
        for shard, person in (
            (_out.shard, _out.follower_id),
            (_into.shard, _into.followee_id),
        ):
            known = sa.exists().where(_counts.shard == shard, _counts.user_id == person)
            uncounted = sa.select(shard, person).distinct().where(~known)
            async for page in pages(self._database, uncounted, (shard, person)):
                yield [row._mapping[person] for row in page]

    def recount(self, tx: Transaction, user_id: int) -> None:
        row = {"shard": shard_of(user_id), "user_id": user_id}
        tx.insert_new(follow_counts_table, [{**row, "followers": 0, "following": 0}])
        following, followers = _actual()
        mine = (_counts.shard == row["shard"], _counts.user_id == user_id)
        values = {"following": following, "followers": followers}
        tx.execute(sa.update(follow_counts_table).where(*mine).values(values))


def _actual() -> tuple[sa.ScalarSelect[int], sa.ScalarSelect[int]]:
    """How many the person of the counts' row follows, and is followed by."""
    following = sa.select(sa.func.count()).where(
        _out.shard == _counts.shard, _out.follower_id == _counts.user_id
    )
    followers = sa.select(sa.func.count()).where(
        _into.shard == _counts.shard, _into.followee_id == _counts.user_id
    )
    return (
        following.correlate(follow_counts_table).scalar_subquery(),
        followers.correlate(follow_counts_table).scalar_subquery(),
    )


def _shard(id_: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return id_.op(">>")(SHARD_SHIFT).op("&")(SHARDS - 1)
