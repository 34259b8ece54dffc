"""The graph on the relational store.

The outgoing edge lives on the follower's shard, the incoming one on the followee's. Here both are
on one node and written in one transaction; over several nodes the incoming edge becomes a
projection fed by `user.followed` (DESIGN §3).
"""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.graph.store import Edge, FollowCounts
from calotype.kernel.ids import IdFactory, shard_of

# Edges of a person who leaves, a transaction: each takes six statements.
FORGOTTEN = 100
# Parts of one statement: SQLite allows 500.
PARTS = 100

follows_table = sharded(
    CORE,
    "follows",
    id_column("follower_id", key=True),
    id_column("followee_id", key=True),
    id_column("edge_id", nullable=False),
    sa.Index(None, "shard", "follower_id", "edge_id"),
)
followers_table = sharded(
    CORE,
    "followers",
    id_column("followee_id", key=True),
    id_column("follower_id", key=True),
    id_column("edge_id", nullable=False),
    sa.Index(None, "shard", "followee_id", "edge_id"),
)
follow_counts_table = sharded(
    CORE,
    "follow_counts",
    id_column("user_id", key=True),
    sa.Column("followers", sa.Integer, nullable=False),
    sa.Column("following", sa.Integer, nullable=False),
)
_o = follows_table.c
_AMONG = sa.select(_o.followee_id).where(
    _o.shard == sa.bindparam("shard"),
    _o.follower_id == sa.bindparam("follower_id"),
    _o.followee_id.in_(sa.bindparam("others", expanding=True)),
)


class SqlGraph:
    """GraphStore over two tables of edges and one of counts."""

    def __init__(self, database: Database, ids: IdFactory) -> None:
        self._database = database
        self._ids = ids

    def add(self, tx: Transaction, follower_id: int, followee_id: int) -> int | None:
        edge_id = self._ids.new(shard_of(follower_id))
        ends = {"follower_id": follower_id, "followee_id": followee_id, "edge_id": edge_id}
        if not tx.insert_new(follows_table, [{"shard": shard_of(follower_id), **ends}]):
            return None
        tx.notes.reader(follower_id)
        tx.insert_new(followers_table, [{"shard": shard_of(followee_id), **ends}])
        self._count(tx, follower_id, following=1)
        self._count(tx, followee_id, followers=1)
        return edge_id

    def remove(self, tx: Transaction, follower_id: int, followee_id: int) -> bool:
        out = follows_table.c
        removed = tx.changes(
            sa.delete(follows_table).where(
                out.shard == shard_of(follower_id),
                out.follower_id == follower_id,
                out.followee_id == followee_id,
            )
        )
        if not removed:
            return False
        tx.notes.reader(follower_id)
        self._remove_incoming(tx, follower_id, followee_id)
        self._count(tx, follower_id, following=-1)
        self._count(tx, followee_id, followers=-1)
        return True

    async def edge(self, follower_id: int, followee_id: int) -> Edge | None:
        c = follows_table.c
        shard = shard_of(follower_id)
        found = sa.select(c.edge_id).where(
            c.shard == shard, c.follower_id == follower_id, c.followee_id == followee_id
        )
        row = await self._database.read(shard, lambda tx: tx.first(found))
        return None if row is None else Edge(followee_id, row.edge_id)

    async def following_among(self, follower_id: int, others: Iterable[int]) -> set[int]:
        shard = shard_of(follower_id)
        of = {"shard": shard, "follower_id": follower_id, "others": list(others)}
        rows = await self._database.read(shard, lambda tx: tx.all(_AMONG, of))
        return {followee_id for (followee_id,) in rows}

    async def followers(self, user_id: int, before: int, limit: int) -> list[Edge]:
        c = followers_table.c
        return await self._newest(c.followee_id, user_id, c.follower_id, before, limit)

    async def following(self, user_id: int, before: int, limit: int) -> list[Edge]:
        c = follows_table.c
        return await self._newest(c.follower_id, user_id, c.followee_id, before, limit)

    async def newest_followees(
        self, follower_ids: Collection[int], each: int
    ) -> dict[int, list[int]]:
        def load(tx: Transaction, ids: Sequence[int]) -> list[tuple[int, int, int]]:
            found: list[tuple[int, int, int]] = []
            for start in range(0, len(ids), PARTS):
                parts = [_newest_followees(id_, each) for id_ in ids[start : start + PARTS]]
                rows = tx.all(sa.union_all(*parts))
                found += [(row.edge_id, row.follower_id, row.followee_id) for row in rows]
            return found

        newest: dict[int, list[int]] = {follower_id: [] for follower_id in follower_ids}
        edges = await self._database.batch(follower_ids, load)
        for _, follower_id, followee_id in sorted(edges, reverse=True):
            newest[follower_id].append(followee_id)
        return newest

    async def follower_ids(self, user_id: int, after: int, limit: int) -> list[int]:
        c = followers_table.c
        found = (
            sa.select(c.follower_id)
            .where(c.shard == shard_of(user_id), c.followee_id == user_id, c.follower_id > after)
            .order_by(c.follower_id)
            .limit(limit)
        )
        rows = await self._database.read(shard_of(user_id), lambda tx: tx.all(found))
        return [row.follower_id for row in rows]

    async def last_of_chunk(self, user_id: int, after: int, size: int) -> int | None:
        c = followers_table.c
        above = sa.select(c.follower_id).where(
            c.shard == shard_of(user_id), c.followee_id == user_id, c.follower_id > after
        )
        nth = above.order_by(c.follower_id).offset(size - 1).limit(1)
        last = above.order_by(c.follower_id.desc()).limit(1)

        def look(tx: Transaction) -> int | None:
            # The last chunk is a short one, mostly.
            row = tx.first(nth) or tx.first(last)
            return None if row is None else row.follower_id

        return await self._database.read(shard_of(user_id), look)

    async def counts(self, user_id: int) -> FollowCounts:
        c = follow_counts_table.c
        found = sa.select(c.followers, c.following).where(
            c.shard == shard_of(user_id), c.user_id == user_id
        )
        row = await self._database.read(shard_of(user_id), lambda tx: tx.first(found))
        return FollowCounts() if row is None else FollowCounts(row.followers, row.following)

    async def counts_of(self, user_ids: Iterable[int]) -> dict[int, FollowCounts]:
        c = follow_counts_table.c

        def load(tx: Transaction, ids: Sequence[int]) -> list[tuple[int, FollowCounts]]:
            counted = sa.select(c.user_id, c.followers, c.following)
            rows = tx.all(counted.select_from(tx.keyed(follow_counts_table, "user_id", ids)))
            return [(row.user_id, FollowCounts(row.followers, row.following)) for row in rows]

        wanted = list(user_ids)
        counts = dict.fromkeys(wanted, FollowCounts())
        return counts | dict(await self._database.batch(wanted, load))

    async def _newest(
        self,
        own: sa.Column[int],
        user_id: int,
        other: sa.Column[int],
        before: int,
        limit: int,
    ) -> list[Edge]:
        c = own.table.c
        found = (
            sa.select(other, c.edge_id)
            .where(c.shard == shard_of(user_id), own == user_id, c.edge_id < before)
            .order_by(c.edge_id.desc())
            .limit(limit)
        )
        rows = await self._database.read(shard_of(user_id), lambda tx: tx.all(found))
        return [Edge(row[0], row.edge_id) for row in rows]

    async def forget(self, user_id: int) -> None:
        shard = shard_of(user_id)
        while await self._database.write(shard, lambda tx: self._forget_following(tx, user_id)):
            pass
        while await self._database.write(shard, lambda tx: self._forget_followers(tx, user_id)):
            pass
        c = follow_counts_table.c
        own = sa.delete(follow_counts_table).where(c.shard == shard, c.user_id == user_id)
        await self._database.write(shard, lambda tx: tx.execute(own))

    def _forget_following(self, tx: Transaction, user_id: int) -> int:
        c = follows_table.c
        some = sa.select(c.followee_id).where(
            c.shard == shard_of(user_id), c.follower_id == user_id
        )
        others = [row.followee_id for row in tx.all(some.limit(FORGOTTEN))]
        for other in others:
            self.remove(tx, user_id, other)
        return len(others)

    def _forget_followers(self, tx: Transaction, user_id: int) -> int:
        c = followers_table.c
        some = sa.select(c.follower_id).where(
            c.shard == shard_of(user_id), c.followee_id == user_id
        )
        others = [row.follower_id for row in tx.all(some.limit(FORGOTTEN))]
        for other in others:
            # An end without the other one would else be met again and again.
            if not self.remove(tx, other, user_id):
                self._remove_incoming(tx, other, user_id)
        return len(others)

    def _remove_incoming(self, tx: Transaction, follower_id: int, followee_id: int) -> None:
        into = followers_table.c
        tx.execute(
            sa.delete(followers_table).where(
                into.shard == shard_of(followee_id),
                into.followee_id == followee_id,
                into.follower_id == follower_id,
            )
        )

    def _count(
        self, tx: Transaction, user_id: int, *, followers: int = 0, following: int = 0
    ) -> None:
        shard = shard_of(user_id)
        empty = {"shard": shard, "user_id": user_id, "followers": 0, "following": 0}
        tx.insert_new(follow_counts_table, [empty])
        c = follow_counts_table.c
        tx.execute(
            sa.update(follow_counts_table)
            .where(c.shard == shard, c.user_id == user_id)
            .values(followers=c.followers + followers, following=c.following + following)
        )


def _newest_followees(follower_id: int, limit: int) -> sa.Select[tuple[int, int, int]]:
    c = follows_table.c
    newest = (
        sa.select(c.edge_id, c.follower_id, c.followee_id)
        .where(c.shard == shard_of(follower_id), c.follower_id == follower_id)
        .order_by(c.edge_id.desc())
        .limit(limit)
        .subquery()
    )
    return sa.select(newest.c.edge_id, newest.c.follower_id, newest.c.followee_id)
