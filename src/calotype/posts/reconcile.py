"""The reconciler: a post that is stuck in PROCESSING without a job gets its job again."""

from dataclasses import dataclass

from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue
from calotype.kernel.clock import Clock
from calotype.kernel.ids import shard_of
from calotype.posts.create import PROCESS, process_job
from calotype.posts.lifecycle import Status
from calotype.posts.post import Medium, MediumStatus, Post
from calotype.posts.store import PostStore

BATCH = 100


@dataclass(frozen=True)
class Reconcile:
    """The use case, with what it works on."""

    database: Database
    posts: PostStore
    jobs: JobQueue
    clock: Clock
    stuck_after_ms: int

    async def reconcile(self) -> int:
        """Look at every post that is stuck, 100 at a time; how many jobs were added."""
        before = self.clock.now_ms() - self.stuck_after_ms
        added = after = 0
        while posts := await self.posts.stuck(before, after, BATCH):
            for post in posts:
                added += await self.requeue(post.post_id)
            after = posts[-1].post_id
        return added

    async def requeue(self, post_id: int) -> int:
        """Give a post the jobs that it should have; how many were added."""

        def requeue(tx: Transaction) -> int:
            media = self.jobless(tx, post_id)
            return self.jobs.enqueue(tx, [process_job(medium) for medium in media])

        return await self.database.write(shard_of(post_id), requeue)

    def jobless(self, tx: Transaction, post_id: int) -> list[Medium]:
        """The media of a post in PROCESSING that wait for a job which is not there."""
        post: Post | None = self.posts.load(tx, post_id)
        if post is None or post.status != Status.PROCESSING:
            return []
        waiting = [medium for medium in post.media if medium.status == MediumStatus.WAITING]
        keys = [str(medium.media_id) for medium in waiting]
        held = self.jobs.holds(tx, shard_of(post_id), PROCESS, keys)
        return [medium for medium in waiting if str(medium.media_id) not in held]
