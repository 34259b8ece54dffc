"""Withdraw a post: cancel what is processing, archive what is published, purge, restore.

Guarantees: what is PURGED is decided once and for all in a transaction; its files are removed by
a job behind it, so that no restored post can lose them.
"""

from dataclasses import dataclass

from calotype.blobs.partials import PartialStore
from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.events.log import Outbox
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.errors import IllegalMove, NotFound
from calotype.kernel.ids import shard_of
from calotype.posts.events import RESTORED, post_event
from calotype.posts.lifecycle import LIFECYCLE, Status
from calotype.posts.post import Post
from calotype.posts.store import PostStore
from calotype.uploads.keys import master_key, original_key, renditions_prefix
from calotype.uploads.store import UploadStore

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
    outbox: Outbox
    blobs: BlobStore
    uploads: UploadStore
    partials: PartialStore

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
            if end == Status.PURGED:
                return self._purge(tx, post)
            self.posts.move(tx, post_id, end)
            if post.status == Status.UPLOADING:
                # Files that are still on their way find nobody who wants them.
                self.uploads.remove(tx, [medium.media_id for medium in post.media])
            if end == Status.CANCELLED:
                self.jobs.enqueue(tx, [_purge_job(post_id)])
            return end

        return await self.database.write(shard_of(post_id), withdraw)

    async def restore(self, author_id: int, post_id: int) -> Status:
        """Publish one's own archived post again, where it was; repeating it changes nothing.

        Raises:
            NotFound: there is no such post of this author.
            IllegalMove: it is not archived.
        """

        def restore(tx: Transaction) -> Status:
            post = own_post(self.posts, tx, author_id, post_id)
            if post.status == Status.PUBLISHED:
                return post.status
            # The graph has other roads to PUBLISHED, but they are not the author's.
            if post.status != Status.ARCHIVED:
                raise IllegalMove(
                    f"only an archived post can be restored; this one is {post.status}",
                    state=post.status,
                )
            self.posts.move(tx, post_id, Status.PUBLISHED)
            # For followers that came while it was away, or who were not reached before.
            self.outbox.append(tx, post_event(RESTORED, post_id, author_id))
            return Status.PUBLISHED

        return await self.database.write(shard_of(post_id), restore)

    async def purge(self, author_id: int, post_id: int) -> Status:
        """Give one's own withdrawn post up for good. Repeating it changes nothing.

        Raises:
            NotFound: there is no such post of this author.
            IllegalMove: it must be archived or cancelled first, or is held by moderation.
        """

        def purge(tx: Transaction) -> Status:
            post = own_post(self.posts, tx, author_id, post_id)
            return post.status if post.status == Status.PURGED else self._purge(tx, post)

        return await self.database.write(shard_of(post_id), purge)

    async def remove_files(self, post_id: int) -> None:
        """The job: mark a cancelled post PURGED, and remove a purged one's files. Idempotent."""

        def finish(tx: Transaction) -> Post | None:
            post = self.posts.load(tx, post_id)
            if post is not None and post.status == Status.CANCELLED:
                self._purge(tx, post)
            return self.posts.load(tx, post_id)

        post = await self.database.write(shard_of(post_id), finish)
        if post is None or post.status != Status.PURGED:
            return
        for medium in post.media:
            await self.partials.discard(str(medium.media_id))
            await remove_medium(self.blobs, post.author_id, medium.media_id)

    def _purge(self, tx: Transaction, post: Post) -> Status:
        LIFECYCLE.check(post.status, Status.PURGED)
        self.posts.move(tx, post.post_id, Status.PURGED)
        self.posts.erase(tx, post.post_id)
        self.jobs.enqueue(tx, [_purge_job(post.post_id)])
        return Status.PURGED


def own_post(posts: PostStore, tx: Transaction, author_id: int, post_id: int) -> Post:
    """The author's own post. Raises NotFound if it is someone else's, so that ids tell nothing."""
    post = posts.load(tx, post_id)
    if post is None or post.author_id != author_id:
        raise NotFound("there is no such post of yours")
    return post


async def remove_medium(blobs: BlobStore, author_id: int, media_id: int) -> None:
    """Remove a medium's original, master and renditions. Idempotent."""
    await blobs.delete(original_key(author_id, media_id))
    await blobs.delete(master_key(author_id, media_id))
    await remove_renditions(blobs, media_id)


async def remove_renditions(blobs: BlobStore, media_id: int) -> None:
    async for blob in blobs.list(renditions_prefix(media_id)):
        await blobs.delete(blob.key)


def _purge_job(post_id: int) -> NewJob:
    return NewJob(shard_of(post_id), UPKEEP_LANE, PURGE, str(post_id))
