"""Originals on the relational store."""

import sqlalchemy as sa

from calotype.connections.sql import Database
from calotype.kernel.ids import first_id_at
from calotype.posts.adapters.rows import medium_of
from calotype.posts.adapters.tables import media_table, posts_table
from calotype.posts.lifecycle import Status
from calotype.posts.post import Medium, MediumStatus, Source

_SETTLED = (Status.PUBLISHED, Status.ARCHIVED)


class SqlOriginals:
    """Originals by the index of what media are made from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kept(self, before_ms: int, after: int, limit: int) -> list[Medium]:
        m, p = media_table.c, posts_table.c
        both = media_table.join(posts_table, sa.and_(p.shard == m.shard, p.post_id == m.post_id))
        found = (
            sa.select(media_table)
            .select_from(both)
            .where(
                m.source == Source.ORIGINAL,
                m.media_id > after,
                m.media_id < first_id_at(before_ms),
                m.status == MediumStatus.READY,
                p.status.in_(_SETTLED),
            )
            .order_by(m.media_id)
            .limit(limit)
        )
        media: list[Medium] = []
        for node in self._database.nodes:
            rows = await self._database.read(node, lambda tx: tx.all(found))
            media += [medium_of(row) for row in rows]
        return sorted(media, key=lambda medium: medium.media_id)[:limit]
