"""Outbox, relay and event log on the relational store.

Outbox and log share a database here, so that the relay's publish and delete are one transaction.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from calotype.connections.leased_queue import LeasedQueue
from calotype.connections.leases import LeasedRows, leased_table, new_row
from calotype.connections.schema import CORE, id_column, sharded, trace_column
from calotype.connections.sql import Database, Transaction
from calotype.events.log import Event, OutboxRow
from calotype.kernel.clock import Clock
from calotype.kernel.ids import IdFactory
from calotype.kernel.leases import Backlog
from calotype.kernel.trace import current_trace

OUTBOX_TOPIC = "outbox"

outbox_table = sharded(
    CORE,
    "outbox",
    id_column("id", key=True),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("key", sa.String(80), nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    trace_column(),
)
deliveries_table = leased_table("deliveries", unique_key=False)


class SqlOutbox:
    """Outbox over one table. Ids are minted inside the transaction: they rise per key."""

    def __init__(self, ids: IdFactory) -> None:
        self._ids = ids

    def newest_id(self, tx: Transaction) -> int:
        """The highest id in the outbox, 0 if it is empty."""
        row = tx.first(sa.select(sa.func.max(outbox_table.c.id)))
        return (row[0] if row is not None else None) or 0

    def append(self, tx: Transaction, event: Event) -> None:
        tx.wake(OUTBOX_TOPIC)
        row = {
            "shard": event.shard,
            "id": self._ids.new(event.shard),
            "kind": event.kind,
            "key": event.key,
            "payload": event.payload,
            "trace": current_trace(),
        }
        tx.execute(sa.insert(outbox_table), [row])


class SqlEventLog(LeasedQueue):
    """EventLog and Relay over one database; `groups` names the kinds that each group wants."""

    def __init__(
        self, database: Database, clock: Clock, groups: Mapping[str, frozenset[str]]
    ) -> None:
        super().__init__("events", LeasedRows(deliveries_table, ordered=True), database, clock)
        self._groups = groups

    async def publish(self, rows: Sequence[OutboxRow]) -> None:
        for node in self._database.nodes:
            await self._database.write(node, lambda tx: self._deliver(tx, rows))

    async def pass_on(self, limit: int) -> int:
        if not await self._any_waiting():
            return 0
        counts = [
            await self._database.write(node, lambda tx: self._pass_on(tx, limit))
            for node in self._database.nodes
        ]
        return sum(counts)

    async def backlog(self) -> list[Backlog]:
        """The groups', and the outbox's as a lane of its own."""
        c = outbox_table.c
        look = sa.select(sa.func.count().label("rows"), sa.func.min(c.id).label("oldest_id"))
        waiting, oldest = 0, 0
        for node in self._database.nodes:
            row = await self._database.read(node, lambda tx: tx.first(look))
            if row is not None and row.rows:
                waiting += row.rows
                oldest = min(oldest or row.oldest_id, row.oldest_id)
        return [*await super().backlog(), Backlog(OUTBOX_TOPIC, waiting, oldest, 0)]

    async def _any_waiting(self) -> bool:
        look = sa.select(outbox_table.c.id).limit(1)
        found = [
            await self._database.read(node, lambda tx: tx.first(look))
            for node in self._database.nodes
        ]
        return any(row is not None for row in found)

    def _pass_on(self, tx: Transaction, limit: int) -> int:
        c = outbox_table.c
        claimed = tx.all(
            sa.select(outbox_table).order_by(c.id).limit(limit).with_for_update(skip_locked=True)
        )
        rows = [
            OutboxRow(row.id, Event(row.shard, row.kind, row.key, row.payload), row.trace)
            for row in claimed
        ]
        self._deliver(tx, rows)
        if rows:
            this = (c.shard == sa.bindparam("at_shard"), c.id == sa.bindparam("at_id"))
            keys = [{"at_shard": row.event.shard, "at_id": row.id} for row in rows]
            tx.execute(sa.delete(outbox_table).where(*this), keys)
        return len(rows)

    def _deliver(self, tx: Transaction, rows: Sequence[OutboxRow]) -> None:
        due = self._clock.now_ms()
        deliveries = []
        for row in rows:
            event = row.event
            for group, kinds in self._groups.items():
                if event.kind in kinds:
                    tx.wake(self.topic(group))
                    deliveries.append(
                        new_row(
                            event.shard,
                            row.id,
                            group,
                            event.kind,
                            event.key,
                            event.payload,
                            due,
                            trace=row.trace,
                        )
                    )
        if deliveries:
            tx.insert_many(deliveries_table, deliveries)
