"""CelebrityStore on the relational store."""

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.graph.adapters.sql import follows_table
from calotype.graph.celebrities import Fame
from calotype.kernel.ids import shard_of

celebrities_table = sharded(
    CORE,
    "celebrities",
    id_column("user_id", key=True),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
)

_c, _follows = celebrities_table.c, follows_table.c
_FOLLOWED = sa.select(_c.user_id).where(
    sa.or_(_c.until_ms == 0, _c.until_ms > sa.bindparam("fallen_after_ms")),
    sa.exists().where(
        _follows.shard == sa.bindparam("shard"),
        _follows.follower_id == sa.bindparam("reader_id"),
        _follows.followee_id == _c.user_id,
    ),
)


class SqlCelebrities:
    """CelebrityStore over one small table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fame(self, user_id: int) -> Fame | None:
        c = celebrities_table.c
        found = sa.select(c.since_ms, c.until_ms).where(*_is(user_id))
        row = await self._database.read(shard_of(user_id), lambda tx: tx.first(found))
        return None if row is None else Fame(row.since_ms, row.until_ms)

    def rise(self, tx: Transaction, user_id: int, now_ms: int) -> None:
        row = {"shard": shard_of(user_id), "user_id": user_id, "since_ms": now_ms, "until_ms": 0}
        if not tx.insert_new(celebrities_table, [row]):
            fallen = celebrities_table.c.until_ms != 0
            again = sa.update(celebrities_table).where(*_is(user_id), fallen)
            tx.execute(again.values(since_ms=now_ms, until_ms=0))

    def fall(self, tx: Transaction, user_id: int, now_ms: int) -> None:
        lasts = celebrities_table.c.until_ms == 0
        tx.execute(sa.update(celebrities_table).where(*_is(user_id), lasts).values(until_ms=now_ms))

    async def followed_by(self, reader_id: int, fallen_after_ms: int) -> list[int]:
        shard = shard_of(reader_id)
        of = {"shard": shard, "reader_id": reader_id, "fallen_after_ms": fallen_after_ms}
        rows = await self._database.read(shard, lambda tx: tx.all(_FOLLOWED, of))
        return [row.user_id for row in rows]

    async def forget(self, user_id: int) -> None:
        gone = sa.delete(celebrities_table).where(*_is(user_id))
        await self._database.write(shard_of(user_id), lambda tx: tx.execute(gone))


def _is(user_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    c = celebrities_table.c
    return c.shard == shard_of(user_id), c.user_id == user_id
