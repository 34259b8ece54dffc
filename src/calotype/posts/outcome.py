"""Where a post stands by its media: FAILED with a failed one, PUBLISHED once all are ready."""

from dataclasses import dataclass

from calotype.connections.sql import Transaction
from calotype.events.log import Outbox
from calotype.kernel.errors import NotFound
from calotype.kernel.ids import IdFactory, shard_of
from calotype.posts.events import FAILED, PUBLISHED, post_event
from calotype.posts.lifecycle import Status
from calotype.posts.post import Failure, MediumStatus, Post
from calotype.posts.store import PostStore

_OPEN = frozenset({Status.PROCESSING, Status.FAILED})


@dataclass(frozen=True)
class Outcome:
    """Draws the conclusion from a post's media, within the transaction that changed one."""

    posts: PostStore
    outbox: Outbox
    ids: IdFactory

    def conclude(self, tx: Transaction, post_id: int) -> Status:
        """Move a post that is PROCESSING or FAILED to where its media put it; where it is now.

        Idempotent; any other state stands.

        Raises:
            NotFound: there is no such post.
        """
        post = self.posts.load(tx, post_id)
        if post is None:
            raise NotFound("there is no such post")
        if post.status not in _OPEN:
            return post.status
        failures = [
            Failure(each.reason_code, each.reason)
            for each in post.media
            if each.status == MediumStatus.FAILED
        ]
        if post.status == Status.FAILED:
            if post.reason in {failure.reason for failure in failures}:
                return post.status
            self.posts.move(tx, post_id, Status.PROCESSING)
        if failures:
            return self._fail(tx, post, failures[0])
        if all(each.status == MediumStatus.READY for each in post.media):
            return self._publish(tx, post)
        return Status.PROCESSING

    def _fail(self, tx: Transaction, post: Post, failure: Failure) -> Status:
        self.posts.move(tx, post.post_id, Status.FAILED, failure=failure)
        self.outbox.append(tx, post_event(FAILED, post.post_id, post.author_id))
        return Status.FAILED

    def _publish(self, tx: Transaction, post: Post) -> Status:
        # Minted inside the transaction: no later reader has a cursor above it.
        published_id = self.ids.new(shard_of(post.post_id))
        self.posts.move(tx, post.post_id, Status.PUBLISHED, published_id=published_id)
        self.outbox.append(tx, post_event(PUBLISHED, post.post_id, post.author_id))
        return Status.PUBLISHED
