"""A queue over leased rows: WorkSource and DeadLetters, a transaction for each move."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from calotype.connections.leases import LEASE_MS, LeasedRows
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.deadletters import DeadLetter, readable
from calotype.kernel.ids import shard_of, time_of
from calotype.kernel.leases import BACKOFF_MS, PATIENCE_MS, POSTPONED_MS, Backlog, Leased


class LeasedQueue:
    """WorkSource and DeadLetters over one leased table. A lease lasts 30 s unless prolonged."""

    def __init__(self, source: str, rows: LeasedRows, database: Database, clock: Clock) -> None:
        self.source = source
        self._rows = rows
        self._database = database
        self._clock = clock

    def topic(self, lane: str) -> str:
        return f"{self.source}.{lane}"

    async def lease(self, lane: str, limit: int, owner: str) -> list[Leased]:
        now = self._clock.now_ms()
        due = await self.next_due(lane)  # a look first: an idle lane must not take the write lock
        if due is None or due > now:
            return []
        taken: list[Leased] = []
        for node in self._database.nodes:
            taken += await self._database.write(
                node, lambda tx: self._rows.take(tx, lane, limit, owner, now, LEASE_MS)
            )
        return taken

    async def heartbeat(self, work: Leased) -> bool:
        until = self._clock.now_ms() + LEASE_MS
        return await self._database.write(work.shard, lambda tx: self._rows.extend(tx, work, until))

    async def finish(self, work: Leased) -> bool:
        return await self._database.write(work.shard, lambda tx: self._rows.finish(tx, work))

    async def finish_all(self, works: Sequence[Leased]) -> None:
        for node in self._database.nodes:
            await self._database.write(node, lambda tx: self._rows.finish_all(tx, works))

    async def retry(self, work: Leased, error: str) -> bool:
        if work.last_try:
            await self.bury(work, error)
            return True
        await self._give_back(work, BACKOFF_MS[work.attempt - 1], error, work.attempt)
        return False

    async def postpone(self, work: Leased, error: str) -> bool:
        if self._clock.now_ms() - time_of(work.id) > PATIENCE_MS:
            return False
        await self._give_back(work, POSTPONED_MS, error, work.attempt - 1)
        return True

    async def bury(self, work: Leased, error: str) -> None:
        now = self._clock.now_ms()
        await self._database.write(work.shard, lambda tx: self._rows.bury(tx, work, now, error))

    async def reclaim(self, owner: str) -> int:
        now = self._clock.now_ms()
        counts = [
            await self._database.write(node, lambda tx: self._rows.reclaim(tx, owner, now))
            for node in self._database.nodes
        ]
        return sum(counts)

    async def recall(self) -> int:
        """Pull back what a clock that was ahead put off beyond any lease; how many rows."""
        now, recalled = self._clock.now_ms(), 0
        for node in self._database.nodes:
            # A look first: nearly always there is nothing, and the write lock is others'.
            if await self._database.read(node, lambda tx: self._rows.is_put_off(tx, now)):
                recalled += await self._database.write(node, lambda tx: self._rows.recall(tx, now))
        return recalled

    def newest_id(self, tx: Transaction) -> int:
        """The highest id that is in the queue, 0 if it is empty."""
        return self._rows.newest_id(tx)

    async def next_due(self, lane: str) -> int | None:
        dues = [
            await self._database.read(node, lambda tx: self._rows.next_due(tx, lane))
            for node in self._database.nodes
        ]
        return min((due for due in dues if due is not None), default=None)

    async def backlog(self) -> list[Backlog]:
        found: dict[str, Backlog] = {}
        for node in self._database.nodes:
            for row in await self._database.read(node, self._rows.backlog):
                known = found.get(row.lane, Backlog(row.lane, 0, 0, 0))
                more = known.buried if row.dead else known.waiting_too
                found[row.lane] = more(row.rows, row.oldest_id)
        return list(found.values())

    async def dead_letters(self, before: int, limit: int) -> list[DeadLetter]:
        found: list[sa.Row[Any]] = []
        for node in self._database.nodes:
            found += await self._database.read(node, lambda tx: self._rows.dead(tx, before, limit))
        found.sort(key=lambda row: -row.id)
        ids = sorted({row.id for row in found}, reverse=True)[:limit]
        return [self._letter(row) for row in found if row.id >= ids[-1]]

    async def dead_letter(self, id_: int) -> DeadLetter | None:
        shard = shard_of(id_)
        rows = await self._database.read(shard, lambda tx: self._rows.dead_rows(tx, shard, id_))
        return self._letter(rows[0]) if rows else None

    async def replay(self, id_: int) -> bool:
        shard, now = shard_of(id_), self._clock.now_ms()

        def revive(tx: Transaction) -> bool:
            for row in self._rows.dead_rows(tx, shard, id_):
                tx.wake(self.topic(row.lane))
            return self._rows.revive(tx, shard, id_, now) > 0

        return await self._database.write(shard, revive)

    async def _give_back(self, work: Leased, after_ms: int, error: str, attempts: int) -> None:
        due = self._clock.now_ms() + after_ms

        def give_back(tx: Transaction) -> None:
            tx.wake(self.topic(work.lane))  # so that sleepers learn of the new due time
            self._rows.postpone(tx, work, due, error, attempts)

        await self._database.write(work.shard, give_back)

    def _letter(self, row: sa.Row[Any]) -> DeadLetter:
        return DeadLetter(
            id=row.id,
            source=self.source,
            lane=row.lane,
            kind=row.kind,
            key=row.key,
            payload=readable(row.payload),
            attempts=row.attempts,
            error=row.error,
            died_ms=row.died_ms,
        )
