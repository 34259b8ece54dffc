"""Visits on the relational store."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.kernel.ids import shard_of

visits_table = sharded(
    CORE,
    "visits",
    id_column("reader_id", key=True),
    sa.Column("day", sa.Integer, nullable=False),
)


class SqlVisits:
    """One row a reader."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, reader_ids: Collection[int]) -> dict[int, int]:
        c = visits_table.c

        def look(tx: Transaction, ids: Sequence[int]) -> list[tuple[int, int]]:
            rows = tx.all(
                sa.select(c.reader_id, c.day).select_from(tx.keyed(visits_table, "reader_id", ids))
            )
            return [(row.reader_id, row.day) for row in rows]

        return dict(await self._database.batch(reader_ids, look))

    def note(self, tx: Transaction, reader_id: int, day: int) -> None:
        shard = shard_of(reader_id)
        if not tx.insert_new(visits_table, [{"shard": shard, "reader_id": reader_id, "day": day}]):
            c = visits_table.c
            tx.execute(
                sa.update(visits_table)
                .where(c.shard == shard, c.reader_id == reader_id)
                .values(day=day)
            )

    async def forget(self, user_id: int) -> None:
        c = visits_table.c
        gone = sa.delete(visits_table).where(c.shard == shard_of(user_id), c.reader_id == user_id)
        await self._database.write(shard_of(user_id), lambda tx: tx.execute(gone))
