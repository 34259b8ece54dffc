"""Notices on the relational store."""

from collections.abc import Mapping
from functools import partial
from typing import Any

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
    id_column("actor_id", nullable=False, server_default="0"),
    sa.UniqueConstraint("shard", "user_id", "cause"),
    sa.Index(None, "notice_id"),
)
_c = notices_table.c
about_someone = _c.actor_id != 0
sa.Index(
    "ix_notices_actor_id", _c.actor_id, sqlite_where=about_someone, postgresql_where=about_someone
)
notice_reads_table = sharded(
    CORE,
    "notice_reads",
    id_column("user_id", key=True),
    id_column("notice_id", nullable=False),
)


class SqlNotices:
    """NoticeStore over one table, and one of how far people have read."""

    def __init__(self, database: Database, ids: IdFactory, clock: Clock) -> None:
        self._database = database
        self._ids = ids
        self._clock = clock

    async def add(
        self, user_id: int, cause: int, kind: str, body: bytes, actor_id: int = 0
    ) -> None:
        row = {"cause": cause, "kind": kind, "body": body, "actor_id": actor_id}
        await self._database.write(shard_of(user_id), lambda tx: self._add(tx, user_id, row))

    async def renew(self, user_id: int, cause: int, kind: str, body: bytes) -> None:
        row = {"cause": cause, "kind": kind, "body": body, "actor_id": 0}

        def renew(tx: Transaction) -> None:
            former = sa.delete(notices_table).where(*_of(user_id), _c.cause == cause)
            tx.execute(former.where(_c.body != body))
            self._add(tx, user_id, row)

        await self._database.write(shard_of(user_id), renew)

    async def after(self, user_id: int, notice_id: int, limit: int) -> list[Notice]:
        rising = _c.notice_id.asc()
        return await self._notices(user_id, _c.notice_id > notice_id, rising, limit)

    async def before(self, user_id: int, notice_id: int, limit: int) -> list[Notice]:
        falling = _c.notice_id.desc()
        return await self._notices(user_id, _c.notice_id < notice_id, falling, limit)

    async def read_up_to(self, user_id: int) -> int:
        r = notice_reads_table.c
        shard = shard_of(user_id)
        found = sa.select(r.notice_id).where(r.shard == shard, r.user_id == user_id)
        row = await self._database.read(shard, lambda tx: tx.first(found))
        return 0 if row is None else int(row.notice_id)

    async def mark_read(self, user_id: int, notice_id: int) -> None:
        def mark(tx: Transaction) -> None:
            insert = tx.upsert(notice_reads_table)
            further = insert.on_conflict_do_update(
                index_elements=list(notice_reads_table.primary_key),
                set_={"notice_id": notice_id},
                where=notice_reads_table.c.notice_id < notice_id,
            )
            row = {"shard": shard_of(user_id), "user_id": user_id, "notice_id": notice_id}
            tx.execute(further, [row])

        await self._database.write(shard_of(user_id), mark)

    async def newest(self, user_id: int) -> int:
        found = sa.select(sa.func.max(_c.notice_id)).where(*_of(user_id))
        row = await self._database.read(shard_of(user_id), lambda tx: tx.first(found))
        return (row[0] if row is not None else None) or 0

    async def forget(self, user_id: int) -> None:
        r = notice_reads_table.c
        shard = shard_of(user_id)
        read = sa.delete(notice_reads_table).where(r.shard == shard, r.user_id == user_id)
        await self._database.write(shard, lambda tx: tx.execute(read))
        theirs = partial(_delete_some, sa.and_(*_of(user_id)))
        while await self._database.write(shard, theirs):
            pass
        about = partial(_delete_some, sa.and_(about_someone, _c.actor_id == user_id))
        for node in self._database.nodes:
            while await self._database.write(node, about):
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

    def _add(self, tx: Transaction, user_id: int, values: Mapping[str, Any]) -> None:
        shard = shard_of(user_id)
        # The id is minted inside the transaction, so that ids rise in the order of commits.
        row = {"shard": shard, "user_id": user_id, "notice_id": self._ids.new(shard), **values}
        if tx.insert_new(notices_table, [row], unless=("shard", "user_id", "cause")):
            tx.wake(topic(user_id))

    async def _notices(
        self,
        user_id: int,
        where: sa.ColumnElement[bool],
        order: sa.UnaryExpression[int],
        limit: int,
    ) -> list[Notice]:
        found = (
            sa.select(_c.notice_id, _c.kind, _c.body, _c.actor_id)
            .where(*_of(user_id), where)
            .order_by(order)
            .limit(limit)
        )
        rows = await self._database.read(shard_of(user_id), lambda tx: tx.all(found))
        return [Notice(row.notice_id, user_id, row.kind, row.body, row.actor_id) for row in rows]


def _of(user_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.shard == shard_of(user_id), _c.user_id == user_id)


def _delete_some(over: sa.ColumnElement[bool], tx: Transaction) -> int:
    return tx.delete_some(notices_table, over, CHUNK)
