"""Process a medium: make its renditions, and publish the post with the last of them.

Guarantees: idempotent, since the renditions' places are known beforehand and blobs are created
once; the outcome and the post's move are one transaction. A picture that cannot be read ends the
post in FAILED with a reason for its author; anything else is an exception, and the job's next try.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.kernel.errors import AlreadyExists, BadMedia, NotFound
from calotype.kernel.ids import shard_of
from calotype.media.renditions import rendition_key
from calotype.posts.lifecycle import Status
from calotype.posts.outcome import Outcome
from calotype.posts.post import Facts, Failure, Medium, MediumKind, MediumStatus, Post
from calotype.posts.render import Renderer
from calotype.posts.store import PostStore
from calotype.posts.withdraw import remove_renditions
from calotype.uploads.keys import original_key

WORN_OUT = Failure(
    "worn_out",
    "we could not process this file after three tries; it is kept, "
    "and the people who run this server can try again",
)
LOST = Failure("lost", "the uploaded file is no longer in the store; please upload it again")

_OPEN = frozenset({Status.PROCESSING, Status.FAILED})
_WITHDRAWN = frozenset({Status.CANCELLED, Status.PURGED})


@dataclass(frozen=True)
class ProcessMedium:
    """The use case, with what it works on."""

    database: Database
    posts: PostStore
    blobs: BlobStore
    renderers: Mapping[MediumKind, Renderer]
    outcome: Outcome

    async def process(self, media_id: int) -> None:
        """Bring a medium from WAITING to READY or FAILED, and its post along with it."""
        found = await self.posts.medium(media_id)
        if found is None:
            return
        medium, post = found
        if post.status == Status.FAILED and medium.status == MediumStatus.FAILED:
            medium, post = await self._reopen(medium)
        # A FAILED post's other photos are finished too: its author, or a replay, may want them.
        if post.status not in _OPEN or medium.status != MediumStatus.WAITING:
            return
        try:
            async with self.blobs.local(original_key(medium.author_id, media_id)) as path:
                renderer = self.renderers[medium.kind]
                facts = await renderer.render(medium, path, partial(self._keep, medium))
        except BadMedia as error:
            await self.fail(media_id, Failure(error.code, error.message))
        except NotFound:
            await self.fail(media_id, LOST)
        else:
            await self._settle(medium, facts)

    async def fail(self, media_id: int, failure: Failure) -> None:
        """Give a medium up, and its post with it. Changes nothing if it is READY already."""
        found = await self.posts.medium(media_id)
        if found is not None:
            await self._settle(found[0], failure)

    async def _keep(self, medium: Medium, file_name: str, data: AsyncIterator[bytes]) -> None:
        with suppress(AlreadyExists):  # an earlier try got as far as this
            await self.blobs.put(rendition_key(medium.media_id, medium.key, file_name), data)

    async def _settle(self, medium: Medium, outcome: Facts | Failure) -> None:
        def settle(tx: Transaction) -> bool:
            post = self.posts.load(tx, medium.post_id)
            status = _status_of(post, medium.media_id)
            if post is None or post.status in _WITHDRAWN or status is None:
                return False
            # An earlier try may have got here before its worker died: its outcome stands.
            if post.status in _OPEN and status == MediumStatus.WAITING:
                self.posts.settle(tx, medium.media_id, outcome)
                self.outcome.conclude(tx, post.post_id)
            return True

        wanted = await self.database.write(shard_of(medium.post_id), settle)
        if not wanted:
            await self._discard(medium)

    async def _reopen(self, medium: Medium) -> tuple[Medium, Post]:
        """A dead job was replayed: its medium, and its post if nothing else failed, go on."""

        def reopen(tx: Transaction) -> None:
            self.posts.reopen(tx, medium.media_id)
            self.outcome.conclude(tx, medium.post_id)

        await self.database.write(shard_of(medium.post_id), reopen)
        reopened = await self.posts.medium(medium.media_id)
        assert reopened is not None
        return reopened

    async def _discard(self, medium: Medium) -> None:
        """The post, or this photo of it, was withdrawn meanwhile: leave nothing behind."""
        await remove_renditions(self.blobs, medium.media_id)


def _status_of(post: Post | None, media_id: int) -> MediumStatus | None:
    media = post.media if post is not None else ()
    return next((each.status for each in media if each.media_id == media_id), None)
