"""Let masters take the place of originals, where a policy says so (decision 022).

Guarantees: an original is removed only once each of its renditions and its master have been read
again, whole, from the store, and the row names the master; a worker killed anywhere leaves what is
needed, and the next try goes on. Originals of posts that are not published, or held by moderation,
stay. What does not read as it should keeps its original, and its job becomes a dead letter.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial

from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.clock import Clock
from calotype.kernel.errors import BadMedia, Conflict, Damaged, NotFound
from calotype.kernel.ids import shard_of
from calotype.media.renditions import BY_FILE_NAME, Rendition, rendition_key
from calotype.posts.create import PHOTO_LANE, VIDEO_LANE, lane_of
from calotype.posts.lifecycle import Status
from calotype.posts.originals import Originals
from calotype.posts.post import Medium, MediumKind, MediumStatus, Post, Source
from calotype.posts.render import Renderer, Size
from calotype.posts.store import PostStore
from calotype.uploads.keys import master_key, original_key

RETIRE = "media.retire"
BATCH = 200
# Jobs at once: an old place that changes its policy has many, and a lane is not a list.
MOST_WAITING = 500
_SETTLED = frozenset({Status.PUBLISHED, Status.ARCHIVED})


@dataclass(frozen=True)
class RetireOriginals:
    """The routine: finds what has outlived its policy. Idempotent."""

    database: Database
    originals: Originals
    jobs: JobQueue
    clock: Clock
    life_ms: int

    async def hand_out(self) -> int:
        """Give jobs to originals whose time is over, unless many have theirs; how many were new."""
        before_ms = self.clock.now_ms() - self.life_ms
        added = after = 0
        while not await self._has_plenty():
            media = await self.originals.kept(before_ms, after, BATCH)
            for medium in media:
                added += await self.database.write(
                    shard_of(medium.media_id),
                    lambda tx, medium=medium: self.jobs.enqueue(tx, [retire_job(medium)]),  # type: ignore[misc]
                )
            if len(media) < BATCH:
                break
            after = media[-1].media_id
        return added

    async def _has_plenty(self) -> bool:
        def count(tx: Transaction) -> int:
            return sum(self.jobs.patient(tx, lane, RETIRE) for lane in (PHOTO_LANE, VIDEO_LANE))

        waiting = [await self.database.read(node, count) for node in self.database.nodes]
        return sum(waiting) >= MOST_WAITING


@dataclass(frozen=True)
class RetireOriginal:
    """The job, with what it works on."""

    database: Database
    posts: PostStore
    blobs: BlobStore
    renderers: Mapping[MediumKind, Renderer]

    async def retire(self, media_id: int) -> None:
        """Put a master in the place of an original. Idempotent.

        Raises:
            Conflict: its renditions were replaced meanwhile; the next try looks at the new ones.
            Damaged: a rendition, or the master, is not what it should be; the original stays.
            NotFound: the original is lost.
        """
        medium = _retirable(await self.posts.medium(media_id))
        if medium is None:
            return
        if medium.source == Source.ORIGINAL:
            for file_name in medium.file_names:
                await self._check_rendition(medium, file_name)
            await self._make_master(medium)
            if not await self._record(medium):
                await self.blobs.delete(master_key(medium.author_id, media_id))
                return
        await self.blobs.delete(original_key(medium.author_id, media_id))

    async def _check_rendition(self, medium: Medium, file_name: str) -> None:
        key = rendition_key(medium.media_id, medium.key, file_name)
        size = await self._measured(medium, file_name, key)
        rendition = BY_FILE_NAME[file_name]
        if isinstance(rendition, Rendition) and not _fits(size, rendition.width, medium):
            raise Damaged(f"{key} has {size[0]} x {size[1]} pixels, which it should not")

    async def _make_master(self, medium: Medium) -> None:
        key = master_key(medium.author_id, medium.media_id)
        await self.blobs.delete(key)  # an earlier try's, which was not looked at yet
        kept_as = ""

        async def keep(file_name: str, data: AsyncIterator[bytes]) -> None:
            nonlocal kept_as
            kept_as = file_name
            await self.blobs.put(key, data)

        async with self.blobs.local(original_key(medium.author_id, medium.media_id)) as path:
            made = await self.renderers[medium.kind].make_master(path, keep)
        if await self._measured(medium, kept_as, key) != made:
            raise Damaged(f"{key} is not the master that was made")

    async def _measured(self, medium: Medium, file_name: str, key: str) -> Size:
        try:
            async with self.blobs.local(key) as path:
                return await self.renderers[medium.kind].measure(file_name, path)
        except NotFound as error:
            raise Damaged(f"{key} is missing") from error
        except BadMedia as error:
            raise Damaged(f"{key} cannot be read: {error.message}") from error

    async def _record(self, medium: Medium) -> bool:
        """Whether the master is wanted: the post was not withdrawn meanwhile."""
        return await self.database.write(
            shard_of(medium.media_id), partial(self._turn, medium=medium)
        )

    def _turn(self, tx: Transaction, medium: Medium) -> bool:
        post = self.posts.load(tx, medium.post_id)
        media = post.media if post is not None else ()
        found = next((each for each in media if each.media_id == medium.media_id), None)
        now = None if post is None or found is None else _retirable((found, post))
        if now is not None and now.key != medium.key:
            raise Conflict("its renditions were replaced meanwhile")
        if now is not None:
            self.posts.retire_original(tx, medium.media_id)
        return now is not None


def retire_job(medium: Medium) -> NewJob:
    """The job that puts a master in the place of an original, when nobody waits for the lane."""
    return NewJob(
        shard=shard_of(medium.media_id),
        lane=lane_of(medium.kind),
        kind=RETIRE,
        key=str(medium.media_id),
        account=medium.author_id,
        patient=True,
    )


def _retirable(found: tuple[Medium, Post] | None) -> Medium | None:
    if found is None or found[1].status not in _SETTLED:
        return None
    return found[0] if found[0].status == MediumStatus.READY else None


def _fits(size: Size, width: int, medium: Medium) -> bool:
    """Whether a photo's rendition, or a poster, has the size that its facts ask for.

    But for rounding, which a poster has met twice; it is no wider than its video.
    """
    facts = medium.facts
    if facts is None:
        return False
    photo = medium.kind == MediumKind.PHOTO
    wide = min(width, facts.width) if photo else size[0]
    high = facts.height * wide / facts.width
    return abs(size[0] - wide) <= 1 and abs(size[1] - high) <= (1 if photo else 1 + high / 50)
