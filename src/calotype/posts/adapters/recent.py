"""RecentPosts on the relational store."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from calotype.connections.sql import Database, Transaction
from calotype.kernel.ids import shard_of
from calotype.posts.adapters.tables import PUBLISHED, posts_table
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience
from calotype.posts.recent import Recent

# Parts of one statement: SQLite allows 500.
AUTHORS = 100


class SqlRecentPosts:
    """One search of the index of authors and times for each author, many in a statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest_of(
        self, author_ids: Collection[int], before: int, limit: int
    ) -> dict[int, list[Recent]]:
        found: dict[int, list[Recent]] = {author_id: [] for author_id in author_ids}

        def search(tx: Transaction, authors: Sequence[int]) -> list[Recent]:
            every: list[Recent] = []
            for start in range(0, len(authors), AUTHORS):
                parts = [_newest(each, before, limit) for each in authors[start : start + AUTHORS]]
                rows = tx.all(sa.union_all(*parts))
                every += [Recent(row.published_id, row.post_id, row.author_id) for row in rows]
            return every

        for each in await self._database.batch(author_ids, search):
            found[each.author_id].append(each)
        for posts in found.values():
            posts.sort(key=lambda each: -each.published_id)
        return found

    async def newest_for_everyone(self, before: int, limit: int) -> list[Recent]:
        c = posts_table.c
        newest = (
            sa.select(c.published_id, c.post_id, c.author_id)
            .where(PUBLISHED, c.audience == Audience.EVERYONE, c.published_id < before)
            .order_by(c.published_id.desc())
            .limit(limit)
        )
        found: list[Recent] = []
        for node in self._database.nodes:
            rows = await self._database.read(node, lambda tx: tx.all(newest))
            found += [Recent(row.published_id, row.post_id, row.author_id) for row in rows]
        return sorted(found, key=lambda each: -each.published_id)[:limit]


def _newest(author_id: int, before: int, limit: int) -> sa.Select[tuple[int, int, int]]:
    c = posts_table.c
    newest = (
        sa.select(c.published_id, c.post_id, c.author_id)
        .where(
            c.shard == shard_of(author_id),
            c.author_id == author_id,
            c.status == Status.PUBLISHED,
            c.published_id < before,
        )
        .order_by(c.published_id.desc())
        .limit(limit)
        .subquery()
    )
    return sa.select(newest.c.published_id, newest.c.post_id, newest.c.author_id)
