"""Drop a medium of a post that is not published yet, and go on with the rest."""

from dataclasses import dataclass

from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.errors import IllegalMove, LastMedium, NotFound
from calotype.kernel.ids import shard_of
from calotype.posts.lifecycle import Status
from calotype.posts.outcome import Outcome
from calotype.posts.post import Post
from calotype.posts.store import PostStore
from calotype.posts.withdraw import UPKEEP_LANE, own_post, remove_medium

DROP = "media.drop"

_OPEN = frozenset({Status.PROCESSING, Status.FAILED})


@dataclass(frozen=True)
class DropMedium:
    """The use cases, with what they work on."""

    database: Database
    posts: PostStore
    jobs: JobQueue
    blobs: BlobStore
    outcome: Outcome

    async def drop(self, author_id: int, post_id: int, media_id: int) -> Post:
        """Drop a medium of one's own post; the post as it is now, published if the rest is ready.

        Raises:
            NotFound: there is no such post of this author, or no such medium in it.
            IllegalMove: the post is neither PROCESSING nor FAILED.
            LastMedium: it has no other.
        """

        def drop(tx: Transaction) -> Post:
            post = own_post(self.posts, tx, author_id, post_id)
            if media_id not in {medium.media_id for medium in post.media}:
                raise NotFound("there is no such photo in this post")
            if post.status not in _OPEN:
                raise IllegalMove(
                    "a photo can be dropped while its post is PROCESSING or FAILED; "
                    f"this one is {post.status}",
                    state=post.status,
                )
            if len(post.media) == 1:
                raise LastMedium("this is the post's only photo; delete the post instead")
            self.posts.drop(tx, media_id)
            key = f"{author_id}/{media_id}"
            self.jobs.enqueue(tx, [NewJob(shard_of(media_id), UPKEEP_LANE, DROP, key)])
            self.outcome.conclude(tx, post_id)
            return own_post(self.posts, tx, author_id, post_id)

        return await self.database.write(shard_of(post_id), drop)

    async def remove_files(self, author_id: int, media_id: int) -> None:
        """The job: remove a dropped medium's files. Idempotent.

        A decoder that still works on it finds its row gone, and takes its renditions along.
        """
        await remove_medium(self.blobs, author_id, media_id)
