"""Move a medium's renditions to its new key, after the audience of its post has narrowed.

The row has the new key from the moment of the edit; until the job is done, delivery finds the
files under the old one (delivery/serve.py). Guarantees: a file is at one of the two places at
every moment, since the old one goes only once all are durable at the new one.
"""

from contextlib import suppress
from dataclasses import dataclass

from calotype.blobs.store import BlobStore
from calotype.jobs.queue import NewJob
from calotype.kernel.errors import AlreadyExists
from calotype.kernel.ids import shard_of
from calotype.media.renditions import rendition_key
from calotype.posts.lifecycle import Status
from calotype.posts.post import Medium
from calotype.posts.store import PostStore
from calotype.posts.withdraw import UPKEEP_LANE, remove_renditions
from calotype.uploads.keys import renditions_prefix

REKEY = "media.rekey"


@dataclass(frozen=True)
class Rekey:
    """The use case, with what it works on."""

    posts: PostStore
    blobs: BlobStore

    async def rekey(self, media_id: int, old_key: str) -> None:
        """Copy the renditions from the old key to the present one, then remove them there.

        Idempotent: what an earlier try copied stays. Where the key has changed once more, the
        files go straight to the newest; each such job removes its own old key only.
        """
        found = await self.posts.medium(media_id)
        if found is None or found[0].key == old_key:
            return
        old = [
            blob.key async for blob in self.blobs.list(renditions_prefix(media_id) + old_key + "/")
        ]
        for key in old:
            file_name = key.rpartition("/")[2]
            with suppress(AlreadyExists):
                await self.blobs.put(
                    rendition_key(media_id, found[0].key, file_name), self.blobs.stream(key)
                )
        for key in old:
            await self.blobs.delete(key)
        again = await self.posts.medium(media_id)
        if again is None or again[1].status == Status.PURGED:
            await remove_renditions(self.blobs, media_id)  # purged while this was copying


def rekey_job(medium: Medium) -> NewJob:
    """The job that takes a medium's renditions away from the key that it has now."""
    key = f"{medium.media_id}/{medium.key}"
    return NewJob(shard_of(medium.media_id), UPKEEP_LANE, REKEY, key)
