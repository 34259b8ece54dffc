"""Notices on the relational store."""

import sqlalchemy as sa

from calotype.connections.schema import CORE, id_column, sharded
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.ids import IdFactory, first_id_at, shard_of
from calotype.notify.notices import KEPT_MS, Notice, topic

CHUNK = 500  # rows a transaction

notices_table = sharded(
    CORE,
    "notices",
    id_column("user_id", key=True),
    id_column("notice_id", key=True),
    id_column("cause", nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("shard", "user_id", "cause"),
    sa.Index(None, "notice_id"),
)


class SqlNotices:
    """NoticeStore over one table."""

    def __init__(self, database: Database, ids: IdFactory, clock: Clock) -> None:
        self._database = database
        self._ids = ids
        self._clock = clock

    async def add(self, user_id: int, cause: int, kind: str, body: bytes) -> None:
        shard = shard_of(user_id)

        def add(tx: Transaction) -> None:
            row = {
                "shard": shard,
                "user_id": user_id,
                # Minted inside the transaction, so that ids rise in the order of commits.
                "notice_id": self._ids.new(shard),
                "cause": cause,
                "kind": kind,
                "body": body,
            }
            if tx.insert_new(notices_table, [row], unless=("shard", "user_id", "cause")):
                tx.wake(topic(user_id))

        await self._database.write(shard, add)

    async def after(self, user_id: int, notice_id: int, limit: int) -> list[Notice]:
        c = notices_table.c
        found = (
            sa.select(c.notice_id, c.kind, c.body)
            .where(c.shard == shard_of(user_id), c.user_id == user_id, c.notice_id > notice_id)
            .order_by(c.notice_id)
            .limit(limit)
        )
        rows = await self._database.read(shard_of(user_id), lambda tx: tx.all(found))
        return [Notice(row.notice_id, user_id, row.kind, row.body) for row in rows]

    async def newest(self, user_id: int) -> int:
        c = notices_table.c
        found = sa.select(sa.func.max(c.notice_id)).where(
            c.shard == shard_of(user_id), c.user_id == user_id
        )
        row = await self._database.read(shard_of(user_id), lambda tx: tx.first(found))
        return (row[0] if row is not None else None) or 0

    async def forget(self, user_id: int) -> None:
        c = notices_table.c
        theirs = sa.and_(c.shard == shard_of(user_id), c.user_id == user_id)
        while await self._database.write(
            shard_of(user_id), lambda tx: tx.delete_some(notices_table, theirs, CHUNK)
        ):
            pass

    def newest_id(self, tx: Transaction) -> int:
        """The highest id of anyone's notice, 0 if there is none."""
        row = tx.first(sa.select(sa.func.max(notices_table.c.notice_id)))
        return (row[0] if row is not None else None) or 0

    async def sweep(self) -> None:
        horizon = first_id_at(self._clock.now_ms() - KEPT_MS)
        old = sa.delete(notices_table).where(notices_table.c.notice_id < horizon)
        for node in self._database.nodes:
            await self._database.write(node, lambda tx: tx.execute(old))
