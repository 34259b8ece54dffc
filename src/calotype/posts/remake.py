"""Make the renditions of a photo again that was processed before: some of its files are lost.

Guarantees: idempotent; what is there stays; the post's state is not touched. A photo whose
original is lost too, or cannot be read, is an exception, and its job a dead letter in the end.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from calotype.blobs.store import BlobStore
from calotype.jobs.queue import NewJob
from calotype.kernel.errors import AlreadyExists, NotFound
from calotype.kernel.ids import shard_of
from calotype.media.decoders import Decoders
from calotype.media.renditions import BY_NAME, rendition_key
from calotype.posts.create import PHOTO_LANE
from calotype.posts.lifecycle import Status
from calotype.posts.post import Medium, MediumStatus
from calotype.posts.store import PostStore
from calotype.uploads.keys import original_key

REMAKE = "media.remake"
WITHDRAWN = frozenset({Status.CANCELLED, Status.PURGED})


@dataclass(frozen=True)
class RemakeRenditions:
    """The use case, with what it works on."""

    posts: PostStore
    blobs: BlobStore
    decoders: Decoders

    async def remake(self, media_id: int) -> None:
        medium = await self._processed(media_id)
        if medium is None:
            return
        async with self.blobs.local(original_key(medium.author_id, media_id)) as path:
            rendered = await self.decoders.render(path, medium.look)
        for file in rendered.files:
            key = rendition_key(media_id, medium.key, BY_NAME[file.name].file_name)
            await self._put(key, file.data)
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

    async def _put(self, key: str, data: bytes) -> None:
        try:
            if (await self.blobs.stat(key)).size:
                return
            await self.blobs.delete(key)  # an empty file is no picture
        except NotFound:
            pass
        try:
            await self.blobs.put(key, _one(data))
        except AlreadyExists:
            return


def remake_job(medium: Medium) -> NewJob:
    """The job that makes a medium's missing renditions again."""
    return NewJob(
        shard=shard_of(medium.media_id),
        lane=PHOTO_LANE,
        kind=REMAKE,
        key=str(medium.media_id),
        account=medium.author_id,
    )


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
