"""Make a new set of renditions for a medium that was processed before (decision 022).

Guarantees: the medium can be read throughout. New renditions lie under a new key, and the row
turns to them in one step; the old ones are removed by a job behind it. Idempotent: the key is given
with the job, so a second try keeps what the first one made. What cannot be made again leaves the
old renditions as they are, and its job a dead letter in the end.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.errors import AlreadyExists
from calotype.kernel.ids import shard_of
from calotype.media.renditions import rendition_key
from calotype.posts.create import lane_of
from calotype.posts.post import Facts, Medium, MediumKind, MediumStatus, Post, Source, new_key
from calotype.posts.remake import WITHDRAWN
from calotype.posts.render import Renderer
from calotype.posts.sources import source_key
from calotype.posts.store import PostStore
from calotype.posts.withdraw import UPKEEP_LANE, remove_renditions
from calotype.uploads.keys import renditions_prefix

REBUILD_MEDIUM = "media.rebuild"
CLEAR = "media.clear"


@dataclass(frozen=True)
class RebuildRenditions:
    """The use cases, with what they work on."""

    database: Database
    posts: PostStore
    jobs: JobQueue
    blobs: BlobStore
    renderers: Mapping[MediumKind, Renderer]

    async def rebuild(self, media_id: int, key: str) -> None:
        """The job: make all renditions anew under `key`, and turn to them.

        Raises:
            BadMedia: its source cannot be read any more.
            NotFound: its source is lost.
        """
        medium = _processed(await self.posts.medium(media_id))
        if medium is None or medium.key == key:
            return
        async with self.blobs.local(source_key(medium)) as path:
            renderer = self.renderers[medium.kind]
            made = await renderer.render(medium, path, partial(self._keep, media_id, key))
        turned = await self.database.write(
            shard_of(media_id), lambda tx: self._turn(tx, medium, key, made)
        )
        if not turned:
            await remove_renditions(self.blobs, media_id)  # withdrawn meanwhile

    async def clear(self, media_id: int, old_key: str) -> None:
        """The job: remove the renditions that a rebuild has replaced. Idempotent."""
        found = await self.posts.medium(media_id)
        if found is not None and found[0].key == old_key:
            return
        async for blob in self.blobs.list(f"{renditions_prefix(media_id)}{old_key}/"):
            await self.blobs.delete(blob.key)

    def _turn(self, tx: Transaction, medium: Medium, key: str, made: Facts) -> bool:
        post = self.posts.load(tx, medium.post_id)
        media = post.media if post is not None else ()
        found = next((each for each in media if each.media_id == medium.media_id), None)
        now = None if post is None or found is None else _processed((found, post))
        if now is None:
            return False
        # Its key may have changed meanwhile, when its audience narrowed: nobody knows the new one.
        self.posts.replace_renditions(tx, now.media_id, key, _facts(now, made))
        self.jobs.enqueue(tx, [_clear_job(now)])
        return True

    async def _keep(
        self, media_id: int, key: str, file_name: str, data: AsyncIterator[bytes]
    ) -> None:
        with suppress(AlreadyExists):  # an earlier try got as far as this
            await self.blobs.put(rendition_key(media_id, key, file_name), data)


def rebuild_job(medium: Medium) -> NewJob:
    """The job that makes a medium's renditions anew, when nobody waits for the lane."""
    return NewJob(
        shard=shard_of(medium.media_id),
        lane=lane_of(medium.kind),
        kind=REBUILD_MEDIUM,
        key=str(medium.media_id),
        payload=new_key().encode(),
        account=medium.author_id,
        patient=True,
    )


def _clear_job(medium: Medium) -> NewJob:
    key = f"{medium.media_id}/{medium.key}"
    return NewJob(shard_of(medium.media_id), UPKEEP_LANE, CLEAR, key)


def _processed(found: tuple[Medium, Post] | None) -> Medium | None:
    if found is None or found[1].status in WITHDRAWN:
        return None
    return found[0] if found[0].status == MediumStatus.READY else None


def _facts(medium: Medium, made: Facts) -> Facts:
    """What is told of the medium: its size is the original's, also where only a master is left."""
    if medium.source == Source.ORIGINAL or medium.facts is None:
        return made
    return replace(made, width=medium.facts.width, height=medium.facts.height)
