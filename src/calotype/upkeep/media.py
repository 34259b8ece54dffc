"""Checks of posts against the files of their photos."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue
from calotype.kernel.errors import NotFound
from calotype.kernel.ids import shard_of
from calotype.media.renditions import rendition_key
from calotype.posts.census import PostCensus
from calotype.posts.lifecycle import Status
from calotype.posts.post import Medium, MediumStatus, Post, Source
from calotype.posts.reconcile import Reconcile
from calotype.posts.remake import REMAKE, WITHDRAWN, remake_job
from calotype.posts.sources import source_key
from calotype.posts.store import PostStore
from calotype.upkeep.checks import Flaw
from calotype.uploads.keys import renditions_prefix


@dataclass(frozen=True)
class Shelves:
    """Where the checks of photos look."""

    database: Database
    census: PostCensus
    posts: PostStore
    blobs: BlobStore
    jobs: JobQueue

    async def posts_now(self) -> AsyncIterator[Post]:
        """All posts that were not withdrawn, each as it is when its page is read."""
        async for ids in self.census.posts():
            for post in (await self.posts.by_ids(ids)).values():
                if post.status not in WITHDRAWN:
                    yield post

    async def ready(self) -> AsyncIterator[Medium]:
        async for post in self.posts_now():
            for medium in post.media:
                if medium.status == MediumStatus.READY:
                    yield medium

    async def is_still(self, medium: Medium) -> bool:
        """Whether the medium stands as it was read: else its post was withdrawn meanwhile."""
        found = await self.posts.medium(medium.media_id)
        return found is not None and found[1].status not in WITHDRAWN and found[0] == medium

    async def size(self, key: str) -> int:
        """In bytes; -1 if there is no such blob."""
        try:
            return (await self.blobs.stat(key)).size
        except NotFound:
            return -1


@dataclass(frozen=True)
class MissingRenditions:
    """READY photos and videos some of whose renditions are missing or empty."""

    shelves: Shelves
    what: str = "media without all their renditions"
    cure: str = "has the worker make them again from the original"

    async def flaws(self) -> AsyncIterator[Flaw]:
        async for medium in self.shelves.ready():
            if await self._whole(medium) or await self._under_way(medium):
                continue
            if await self.shelves.is_still(medium):
                yield await self._flaw(medium)

    async def _whole(self, medium: Medium) -> bool:
        for file_name in medium.file_names:
            key = rendition_key(medium.media_id, medium.key, file_name)
            if await self.shelves.size(key) <= 0:
                return False
        return True

    async def _under_way(self, medium: Medium) -> bool:
        """It has its job, or its files are moving to a new key (posts/rekey.py)."""
        shard, key = shard_of(medium.media_id), str(medium.media_id)
        jobs = self.shelves.jobs
        async for blob in self.shelves.blobs.list(renditions_prefix(medium.media_id)):
            if f"/{medium.key}/" not in blob.key:
                return True
        return bool(
            await self.shelves.database.read(shard, lambda tx: jobs.holds(tx, shard, REMAKE, [key]))
        )

    async def _flaw(self, medium: Medium) -> Flaw:
        subject = f"medium {medium.media_id} of post {medium.post_id}"
        if await self.shelves.size(source_key(medium)) <= 0:
            return Flaw(f"{subject}, whose {medium.source} is missing too")

        async def requeue() -> None:
            await self.shelves.database.write(
                shard_of(medium.media_id),
                lambda tx: self.shelves.jobs.enqueue(tx, [remake_job(medium)]),
            )

        return Flaw(subject, requeue)


@dataclass(frozen=True)
class DamagedOriginals:
    """Media whose original is missing or not what was uploaded; with `deep`, every byte is read.

    Where a policy has removed the original, its master takes its place.
    """

    shelves: Shelves
    deep: bool
    what: str = "photos whose original is missing or damaged"
    cure: str = ""

    async def flaws(self) -> AsyncIterator[Flaw]:
        async for post in self.shelves.posts_now():
            for medium in post.media:
                if not medium.sha256:
                    continue  # its upload has not ended, or never came to its end
                reason = await self._reason(medium)
                if reason and await self.shelves.is_still(medium):
                    yield Flaw(f"medium {medium.media_id} of post {post.post_id} ({reason})")

    async def _reason(self, medium: Medium) -> str:
        key = source_key(medium)
        size = await self.shelves.size(key)
        if medium.source == Source.MASTER:
            return "" if size > 0 else "its master is missing"
        if size < 0:
            return "missing"
        if size != medium.size:
            return f"{size:,} bytes instead of {medium.size:,}"
        if self.deep and await self._digest(key) != medium.sha256:
            return "other bytes than were uploaded"
        return ""

    async def _digest(self, key: str) -> str:
        digest = hashlib.sha256()
        try:
            async for chunk in self.shelves.blobs.stream(key):
                await asyncio.to_thread(digest.update, chunk)
        except NotFound:
            return ""
        return digest.hexdigest()


@dataclass(frozen=True)
class JoblessPosts:
    """Posts in PROCESSING that nothing will bring to an end."""

    shelves: Shelves
    reconcile: Reconcile
    what: str = "posts in PROCESSING without a job"
    cure: str = "gives them their jobs again"

    async def flaws(self) -> AsyncIterator[Flaw]:
        async for post in self.shelves.posts_now():
            if post.status == Status.PROCESSING and await self._is_jobless(post.post_id):
                yield self._flaw(post.post_id)

    async def _is_jobless(self, post_id: int) -> bool:
        def look(tx: Transaction) -> bool:
            return bool(self.reconcile.jobless(tx, post_id))

        return await self.shelves.database.read(shard_of(post_id), look)

    def _flaw(self, post_id: int) -> Flaw:
        return Flaw(f"post {post_id}", lambda: self.reconcile.requeue(post_id))
