"""Make the renditions of a photo or a video again that was processed before: some of its files are lost.

Guarantees: idempotent; what is there stays; the post's state is not touched. A photo whose
source is lost too, or cannot be read, is an exception, and its job a dead letter in the end.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from calotype.blobs.store import BlobStore
from calotype.jobs.queue import NewJob
from calotype.kernel.errors import AlreadyExists, NotFound
from calotype.kernel.ids import shard_of
from calotype.media.renditions import rendition_key
from calotype.posts.create import lane_of
from calotype.posts.lifecycle import Status
from calotype.posts.post import Medium, MediumKind, MediumStatus
from calotype.posts.render import Renderer
from calotype.posts.sources import source_key
from calotype.posts.store import PostStore

REMAKE = "media.remake"
WITHDRAWN = frozenset({Status.CANCELLED, Status.PURGED})


@dataclass(frozen=True)
class RemakeRenditions:
    """The use case, with what it works on."""

    posts: PostStore
    blobs: BlobStore
    renderers: Mapping[MediumKind, Renderer]

    async def remake(self, media_id: int) -> None:
        medium = await self._processed(media_id)
        if medium is None:
            return
        async with self.blobs.local(source_key(medium)) as path:
            renderer = self.renderers[medium.kind]
            await renderer.render(medium, path, partial(self._keep, medium))
        standing = await self._processed(media_id)
        if standing is None or standing.key != medium.key:
            # Withdrawn meanwhile, or moved: leave nothing at the old place.
            async for blob in self.blobs.list(f"processed/{media_id}/{medium.key}/"):
                await self.blobs.delete(blob.key)

    async def _processed(self, media_id: int) -> Medium | None:
        found = await self.posts.medium(media_id)
        if found is None or found[1].status in WITHDRAWN:
            return None
        return found[0] if found[0].status == MediumStatus.READY else None

    async def _keep(self, medium: Medium, file_name: str, data: AsyncIterator[bytes]) -> None:
        key = rendition_key(medium.media_id, medium.key, file_name)
        try:
            if (await self.blobs.stat(key)).size:
                return
            await self.blobs.delete(key)  # an empty file is no picture
        except NotFound:
            pass
        with suppress(AlreadyExists):
            await self.blobs.put(key, data)


def remake_job(medium: Medium) -> NewJob:
    """The job that makes a medium's missing renditions again."""
    return NewJob(
        shard=shard_of(medium.media_id),
        lane=lane_of(medium.kind),
        kind=REMAKE,
        key=str(medium.media_id),
        account=medium.author_id,
    )
