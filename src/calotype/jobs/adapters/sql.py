"""The job queue on leased rows of the relational store."""

import sqlalchemy as sa

from calotype.connections.leased_queue import LeasedQueue
from calotype.connections.leases import LIVE, LeasedRows, leased_table, new_row
from calotype.connections.sql import Database, Transaction
from calotype.connections.turns import Turns, is_patient
from calotype.jobs.queue import NewJob
from calotype.kernel.clock import Clock
from calotype.kernel.ids import IdFactory
from calotype.kernel.trace import current_trace

jobs_table = leased_table("jobs", unique_key=True)


class SqlJobQueue(LeasedQueue):
    """JobQueue over one table."""

    def __init__(self, database: Database, ids: IdFactory, clock: Clock) -> None:
        super().__init__("jobs", LeasedRows(jobs_table, ordered=False), database, clock)
        self._ids = ids

    def enqueue(self, tx: Transaction, jobs: list[NewJob]) -> int:
        due = self._clock.now_ms()
        for lane in {job.lane for job in jobs}:
            tx.wake(self.topic(lane))
        turns = Turns(tx, jobs_table, due)
        rows = [
            new_row(
                job.shard,
                self._ids.new(job.shard),
                job.lane,
                job.kind,
                job.key,
                job.payload,
                due,
                trace=current_trace(),
            )
            | {
                "account": job.account,
                "turn": turns.next(job.lane, job.account, patient=job.patient),
            }
            for job in jobs
        ]
        return tx.insert_new(jobs_table, rows, unless=("shard", "kind", "key"))

    def renew(self, tx: Transaction, jobs: list[NewJob]) -> int:
        c = jobs_table.c
        for job in jobs:
            # The new row takes the dead one's place: a fresh lease cannot be mistaken for its own.
            dead = (c.shard == job.shard, c.kind == job.kind, c.key == job.key, c.died_ms != LIVE)
            tx.execute(sa.delete(jobs_table).where(*dead))
        return self.enqueue(tx, jobs)

    def patient(self, tx: Transaction, lane: str, kind: str) -> int:
        c = jobs_table.c
        found = sa.select(sa.func.count()).where(*is_patient(jobs_table, lane), c.kind == kind)
        row = tx.first(found)
        return 0 if row is None else int(row[0])

    def holds(self, tx: Transaction, shard: int, kind: str, keys: list[str]) -> set[str]:
        c = jobs_table.c
        found = sa.select(c.key).where(c.shard == shard, c.kind == kind, c.key.in_(keys))
        return {row.key for row in tx.all(found)}
