"""PostCensus on the relational store."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa

from calotype.connections.pages import pages
from calotype.connections.sql import Database, Transaction
from calotype.kernel.ids import first_id_at, shard_of
from calotype.posts.adapters.tables import media_table, post_counts_table, posts_table
from calotype.posts.census import Originals, Throughput
from calotype.posts.lifecycle import Status

_posts, _counts = posts_table.c, post_counts_table.c


class SqlPostCensus:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def posts(self) -> AsyncIterator[list[int]]:
        keys = (_posts.shard, _posts.post_id)
        async for page in pages(self._database, sa.select(*keys), keys):
            yield [row.post_id for row in page]

    async def miscounted(self) -> AsyncIterator[list[int]]:
        keys = (_counts.shard, _counts.author_id)
        actual = _published(_counts.author_id).label("actual")
        async for page in pages(self._database, sa.select(*keys, _counts.published, actual), keys):
            yield [row.author_id for row in page if row.published != row.actual]
        keys = (_posts.shard, _posts.author_id)
        counted = sa.exists().where(
            _counts.shard == _posts.shard, _counts.author_id == _posts.author_id
        )
        uncounted = sa.select(*keys).distinct().where(_posts.status == Status.PUBLISHED, ~counted)
        async for page in pages(self._database, uncounted, keys):
            yield [row.author_id for row in page]

    def recount(self, tx: Transaction, author_id: int) -> None:
        row = {"shard": shard_of(author_id), "author_id": author_id}
        tx.insert_new(post_counts_table, [{**row, "published": 0}])
        mine = (_counts.shard == row["shard"], _counts.author_id == author_id)
        values = {"published": _published(_counts.author_id)}
        tx.execute(sa.update(post_counts_table).where(*mine).values(values))

    async def by_status(self) -> dict[Status, int]:
        status = _posts.status
        counted = sa.select(status, sa.func.count().label("posts")).group_by(status)
        found = Counter[Status]()
        for node in self._database.nodes:
            for row in await self._database.read(node, lambda tx: tx.all(counted)):
                found[Status(row.status)] += row.posts
        return dict(found)

    async def originals(self) -> Originals:
        m = media_table.c
        kept = sa.and_(
            _posts.shard == m.shard, _posts.post_id == m.post_id, _posts.status != Status.PURGED
        )
        size = sa.func.coalesce(sa.func.sum(m.size), 0)
        summed = sa.select(sa.func.count().label("files"), size.label("bytes"))
        files, total = 0, 0
        for node in self._database.nodes:
            rows = summed.select_from(media_table.join(posts_table, kept))
            row = await self._database.read(node, lambda tx, rows=rows: tx.first(rows))  # type: ignore[misc]
            files += row.files if row is not None else 0
            total += row.bytes if row is not None else 0
        return Originals(files, total)

    async def throughput(self, since_ms: int) -> Throughput:
        c = posts_table.c
        ends = (Status.PUBLISHED, Status.FAILED)
        sent = sa.select(c.status, c.reason, sa.func.count().label("posts")).where(
            c.status.in_(ends), c.post_id >= first_id_at(since_ms)
        )

        def count(tx: Transaction) -> Sequence[sa.Row[Any]]:
            return tx.all(sent.group_by(c.status, c.reason))

        published, failed = 0, Counter[str]()
        for node in self._database.nodes:
            for row in await self._database.read(node, count):
                if row.status == Status.PUBLISHED:
                    published += row.posts
                else:
                    failed[row.reason] += row.posts
        return Throughput(published, dict(failed))


def _published(author_id: sa.Column[Any]) -> sa.ScalarSelect[int]:
    """How many PUBLISHED posts the author of the counts' row has: one search of an index."""
    count = sa.select(sa.func.count()).where(
        _posts.shard == _counts.shard,
        _posts.author_id == author_id,
        _posts.status == Status.PUBLISHED,
    )
    return count.correlate(post_counts_table).scalar_subquery()
