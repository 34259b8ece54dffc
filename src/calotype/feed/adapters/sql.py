"""Timelines in a relational file of their own."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import starmap

import sqlalchemy as sa

from calotype.connections.schema import TIMELINES, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.feed.timelines import KEPT, Push
from calotype.kernel.ids import shard_of
from calotype.ranking.ranker import Candidate

# Rows a transaction: with 10,000 another process's write waits 1.5 s, with 500 60 ms (FACTS).
CHUNK = 500
# Timelines found too long, a statement.
TRIMMED = 100

timelines_table = sharded(
    TIMELINES,
    "timelines",
    id_column("reader_id", key=True),
    id_column("published_id", key=True),
    id_column("post_id", nullable=False),
    id_column("author_id", nullable=False),
)

_KEY = tuple(timelines_table.primary_key.columns)
_c = timelines_table.c
_PAGE = (
    sa.select(_c.published_id, _c.post_id, _c.author_id)
    .where(
        _c.shard == sa.bindparam("shard"),
        _c.reader_id == sa.bindparam("reader_id"),
        _c.published_id < sa.bindparam("before"),
    )
    .order_by(_c.published_id.desc())
    .limit(sa.bindparam("most"))
)
Key = tuple[int, int, int]


class SqlTimelines:
    """TimelineStore over one table, clustered by reader and time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def push(self, pushes: Sequence[Push]) -> None:
        for start in range(0, len(pushes), CHUNK):
            rows = [
                {
                    "shard": shard_of(push.reader_id),
                    "reader_id": push.reader_id,
                    "published_id": push.entry.published_id,
                    "post_id": push.entry.post_id,
                    "author_id": push.entry.author_id,
                }
                for push in pushes[start : start + CHUNK]
            ]
            for node in self._database.nodes:
                await self._database.write(node, partial(_insert, rows))

    async def holds(self, reader_id: int, published_ids: Collection[int]) -> set[int]:
        c = timelines_table.c
        found = sa.select(c.published_id).where(
            c.shard == shard_of(reader_id),
            c.reader_id == reader_id,
            c.published_id.in_(list(published_ids)),
        )
        rows = await self._database.read(shard_of(reader_id), lambda tx: tx.all(found))
        return {row.published_id for row in rows}

    async def page(self, reader_id: int, before: int, limit: int) -> list[Candidate]:
        shard = shard_of(reader_id)
        of = {"shard": shard, "reader_id": reader_id, "before": before, "most": limit}
        rows = await self._database.read(shard, lambda tx: tx.all(_PAGE, of))
        return list(starmap(Candidate, rows))

    async def forget(self, user_id: int) -> None:
        c = timelines_table.c
        own = sa.and_(c.shard == shard_of(user_id), c.reader_id == user_id)
        while await self._database.write(
            shard_of(user_id), lambda tx: tx.delete_some(timelines_table, own, CHUNK)
        ):
            pass
        for node in self._database.nodes:
            await self._forget_author(node, user_id)

    async def trim(self) -> int:
        """Cut timelines that outgrew 800 entries by a tenth back to them; how many entries went.

        A pass over the table's key, which reads and delays nobody; each write deletes 500 rows.
        """
        removed, last = 0, (-1, 0)
        for node in self._database.nodes:
            while long := await self._database.read(node, partial(_overlong, last)):
                for shard, reader_id in long:
                    removed += await self._trim(shard, reader_id)
                last = long[-1]
        return removed

    async def _trim(self, shard: int, reader_id: int) -> int:
        c = timelines_table.c
        own = sa.and_(c.shard == shard, c.reader_id == reader_id)
        oldest_kept = (
            sa.select(c.published_id)
            .where(own)
            .order_by(c.published_id.desc())
            .offset(KEPT - 1)
            .limit(1)
        )
        row = await self._database.read(shard, lambda tx: tx.first(oldest_kept))
        if row is None:
            return 0
        older = sa.and_(own, c.published_id < row.published_id)
        removed = 0
        while gone := await self._database.write(
            shard, lambda tx: tx.delete_some(timelines_table, older, CHUNK)
        ):
            removed += gone
        return removed

    async def _forget_author(self, node: int, author_id: int) -> None:
        """The pass reads, which delays nobody; writes hold what it found, no more."""
        last = (-1, 0, 0)
        while found := await self._database.read(node, partial(_by_author, author_id, last)):
            await self._database.write(node, partial(_delete, found))
            last = found[-1]


def _overlong(after: tuple[int, int], tx: Transaction) -> list[tuple[int, int]]:
    """Timelines that are too long, by their keys above `after`."""
    c = timelines_table.c
    keys = (c.shard, c.reader_id)
    rows = (
        sa.select(*keys)
        .where(sa.tuple_(*keys) > sa.tuple_(*after))
        .group_by(*keys)
        .having(sa.func.count() > KEPT + KEPT // 10)
        .order_by(*keys)
        .limit(TRIMMED)
    )
    return [(row.shard, row.reader_id) for row in tx.all(rows)]


def _by_author(author_id: int, after: Key, tx: Transaction) -> list[Key]:
    rows = (
        sa.select(*_KEY)
        .where(timelines_table.c.author_id == author_id, sa.tuple_(*_KEY) > sa.tuple_(*after))
        .order_by(*_KEY)
        .limit(CHUNK)
    )
    return [(row.shard, row.reader_id, row.published_id) for row in tx.all(rows)]


def _delete(keys: Sequence[Key], tx: Transaction) -> None:
    this = (column == sa.bindparam(f"old_{column.name}") for column in _KEY)
    values = [{f"old_{c.name}": value for c, value in zip(_KEY, key, strict=True)} for key in keys]
    tx.execute(sa.delete(timelines_table).where(*this), values)


def _insert(rows: Sequence[Mapping[str, int]], tx: Transaction) -> None:
    for row in rows:
        tx.notes.reader(row["reader_id"])
    tx.insert_many(timelines_table, rows)
