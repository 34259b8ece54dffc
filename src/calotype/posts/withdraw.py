"""Withdraw a post: cancel what is processing, archive what is published, purge what failed."""

from dataclasses import dataclass

from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.errors import NotFound
from calotype.kernel.ids import shard_of
from calotype.posts.lifecycle import LIFECYCLE, Status
from calotype.posts.post import Post
from calotype.posts.store import PostStore
from calotype.uploads.keys import PROCESSED, original_key

UPKEEP_LANE = "upkeep"
PURGE = "post.purge"

_ENDS = {
    Status.UPLOADING: Status.CANCELLED,
    Status.PROCESSING: Status.CANCELLED,
    Status.PUBLISHED: Status.ARCHIVED,
    Status.FAILED: Status.PURGED,
}


@dataclass(frozen=True)
class WithdrawPost:
    """The use cases, with what they work on."""

    database: Database
    posts: PostStore
    jobs: JobQueue
    blobs: BlobStore

    async def withdraw(self, author_id: int, post_id: int) -> Status:
        """Take one's own post back; the state it is in now. Repeating it changes nothing.

        A cancelled or failed post's files are removed by a job; an archived one's are kept.

        Raises:
            NotFound: there is no such post of this author.
            IllegalMove: the post is held by moderation.
        """

        def withdraw(tx: Transaction) -> Status:
            post = own_post(self.posts, tx, author_id, post_id)
            if post.status in {Status.CANCELLED, Status.ARCHIVED, Status.PURGED}:
                return post.status
            end = _ENDS.get(post.status, Status.ARCHIVED)
            LIFECYCLE.check(post.status, end)
            if end == Status.ARCHIVED:
                self.posts.move(tx, post_id, end)
                return end
            if end == Status.CANCELLED:
                self.posts.move(tx, post_id, end)
            self.jobs.enqueue(tx, [_purge_job(post_id)])
            return end

        return await self.database.write(shard_of(post_id), withdraw)

    async def purge(self, post_id: int) -> None:
        """Remove a withdrawn post's files, then mark it PURGED. Idempotent."""
        post = await self.posts.get(post_id)
        if post is None or not LIFECYCLE.allows(post.status, Status.PURGED):
            return
        for medium in post.media:
            await remove_medium(self.blobs, post.author_id, medium.media_id)
        await self.database.write(
            shard_of(post_id), lambda tx: self.posts.move(tx, post_id, Status.PURGED)
        )


async def remove_medium(blobs: BlobStore, author_id: int, media_id: int) -> None:
    """Remove a medium's original and renditions. Idempotent."""
    await blobs.delete(original_key(author_id, media_id))
    async for blob in blobs.list(f"{PROCESSED}{media_id}/"):
        await blobs.delete(blob.key)


def own_post(posts: PostStore, tx: Transaction, author_id: int, post_id: int) -> Post:
    """The author's own post. Raises NotFound if it is someone else's, so that ids tell nothing."""
    post = posts.load(tx, post_id)
    if post is None or post.author_id != author_id:
        raise NotFound("there is no such post of yours")
    return post


def _purge_job(post_id: int) -> NewJob:
    return NewJob(shard_of(post_id), UPKEEP_LANE, PURGE, str(post_id))
