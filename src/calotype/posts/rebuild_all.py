"""Rebuild the renditions of many posts, a few jobs at a time (decision 022).

Guarantees: goes on where it stopped, whoever was killed: how far it is lies in the database, and
only so many jobs are handed out as keep the lanes from running dry. They are patient: what people
wait for goes first. Refuses: two rebuilds at once.
"""

from collections import Counter
from dataclasses import dataclass

import msgspec

from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue
from calotype.kernel.errors import Conflict
from calotype.kernel.ids import IdFactory, shard_of
from calotype.posts.create import PHOTO_LANE, VIDEO_LANE
from calotype.posts.rebuild import REBUILD_MEDIUM, rebuild_job
from calotype.posts.rebuilds import Rebuilds, Scope

_LANES = (PHOTO_LANE, VIDEO_LANE)
# Jobs handed out together, and how few of them are left when the next ones are: enough for
# some tens of decoders until the next one ends and looks again.
BATCH = 100
FEW = 50


class Progress(msgspec.Struct, frozen=True):
    """How far a rebuild is, in media: `done` of `total`, `failed` among them."""

    total: int
    done: int
    failed: int
    over: bool


@dataclass(frozen=True)
class RebuildAll:
    """The use cases, with what they work on."""

    database: Database
    rebuilds: Rebuilds
    jobs: JobQueue
    ids: IdFactory

    async def begin(self, scope: Scope) -> Progress:
        """Begin a rebuild; nothing new if the last was of the same scope, and not closed yet.

        Raises:
            Conflict: another one is under way.
        """
        for node in self.database.nodes:
            await self.database.write(node, lambda tx, node=node: self._begin(tx, node, scope))  # type: ignore[misc]
        await self.hand_out()
        return await self.progress()

    async def hand_out(self) -> None:
        """Give the next media their jobs, if few are left. Called behind each job, and at times."""
        for node in self.database.nodes:
            if await self.database.read(node, self._lacks_jobs):
                await self.database.write(node, self._hand_out)

    async def progress(self) -> Progress:
        """How far the last rebuild is; over, and nothing, if there was none."""
        sums, over = Counter[str](), True
        for node in self.database.nodes:
            progress = await self.database.read(node, self._progress)
            sums.update(total=progress.total, done=progress.done, failed=progress.failed)
            over = over and progress.over
        return Progress(sums["total"], sums["done"], sums["failed"], over)

    async def note_failure(self, media_id: int) -> None:
        """A medium could not be made again, after all its tries."""
        await self.database.write(shard_of(media_id), self.rebuilds.note_failure)

    async def close(self) -> None:
        """Forget the rebuild, over or not; the few that were handed out are still made."""
        for node in self.database.nodes:
            await self.database.write(node, self.rebuilds.end)

    def _begin(self, tx: Transaction, node: int, scope: Scope) -> None:
        last = self.rebuilds.current(tx)
        if last is not None and last.scope == scope:
            return
        if not self._progress(tx).over:
            raise Conflict(
                "another rebuild is under way; wait for its end, or end it with "
                "calotype media rebuild --stop"
            )
        self.rebuilds.begin(tx, self.ids.new(node), scope)

    def _lacks_jobs(self, tx: Transaction) -> bool:
        rebuild = self.rebuilds.current(tx)
        return rebuild is not None and not rebuild.exhausted and self._left(tx) <= FEW

    def _hand_out(self, tx: Transaction) -> None:
        rebuild = self.rebuilds.current(tx)
        if rebuild is not None and self._lacks_jobs(tx):
            media = self.rebuilds.take(tx, rebuild, BATCH)
            self.jobs.enqueue(tx, [rebuild_job(medium) for medium in media])

    def _progress(self, tx: Transaction) -> Progress:
        rebuild = self.rebuilds.current(tx)
        if rebuild is None:
            return Progress(0, 0, 0, over=True)
        left = self._left(tx)
        done = max(0, rebuild.handed_out - left)
        return Progress(rebuild.total, done, rebuild.failed, rebuild.exhausted and not left)

    def _left(self, tx: Transaction) -> int:
        return sum(self.jobs.patient(tx, lane, REBUILD_MEDIUM) for lane in _LANES)
