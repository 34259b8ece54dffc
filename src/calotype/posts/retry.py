"""Try again to process what failed by no fault of its photos."""

from dataclasses import dataclass

from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue
from calotype.kernel.errors import IllegalMove, InFlight
from calotype.kernel.ids import shard_of
from calotype.posts.create import process_job
from calotype.posts.lifecycle import Status
from calotype.posts.outcome import Outcome
from calotype.posts.post import MediumStatus
from calotype.posts.process import WORN_OUT
from calotype.posts.store import PostStore
from calotype.posts.withdraw import own_post


@dataclass(frozen=True)
class RetryPost:
    """The use case, with what it works on."""

    database: Database
    posts: PostStore
    jobs: JobQueue
    outcome: Outcome

    async def retry(self, author_id: int, post_id: int) -> Status:
        """Give the worn-out photos of one's own FAILED post all their tries again.

        The state it is in now: PROCESSING, or FAILED still where another photo is at fault.
        Repeating it changes nothing.

        Raises:
            NotFound: there is no such post of this author.
            IllegalMove: it did not fail, or its photos are at fault.
            InFlight: the last try is just being given up.
        """

        def retry(tx: Transaction) -> Status:
            post = own_post(self.posts, tx, author_id, post_id)
            if post.status == Status.PROCESSING:
                return post.status
            # By its words: what failed before there were codes has none.
            worn_out = [
                each
                for each in post.media
                if each.status == MediumStatus.FAILED and each.reason == WORN_OUT.reason
            ]
            if post.status != Status.FAILED or not worn_out:
                raise IllegalMove(
                    f"this post is {post.status}; only one that FAILED by no fault of its photos can "
                    "be tried again: drop the photo that failed, or post another",
                    state=post.status,
                )
            for medium in worn_out:
                self.posts.reopen(tx, medium.media_id)
            if self.jobs.renew(tx, [process_job(each) for each in worn_out]) < len(worn_out):
                raise InFlight("its last try is just ending; send this again", retry_after=1)
            return self.outcome.conclude(tx, post_id)

        return await self.database.write(shard_of(post_id), retry)
