"""Removes blobs that no media claims: what a killed request or a lost job left behind.

A blob is an orphan only if it is older than the grace, which is longer than any request, and the
owner of the media rows says so. Blobs under keys of another kind are never touched.
"""

from collections.abc import AsyncIterator, Collection
from typing import Protocol

import msgspec

from calotype.blobs.store import BlobInfo, BlobStore
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Misconfigured
from calotype.uploads.keys import MASTERS, ORIGINALS, PROCESSED, media_of
from calotype.uploads.settings import UploadSettings

BATCH = 500
_PREFIXES = (ORIGINALS, MASTERS, PROCESSED)


class References(Protocol):
    """Who knows which media still want their blobs; the room that owns the rows answers."""

    async def missing(self, media_ids: Collection[int]) -> set[int]:
        """Those of `media_ids` (at most 500) with no row that still wants its blobs.

        Reads what is committed at the time of the call, never a replica that may lag: the answer
        deletes. Raises rather than guess.
        """
        ...


class AllReferences:
    """Several owners of media rows as one: a blob is an orphan if none of them wants it."""

    def __init__(self, *owners: References) -> None:
        self._owners = owners

    async def missing(self, media_ids: Collection[int]) -> set[int]:
        unclaimed = set(media_ids)
        for owner in self._owners:
            unclaimed = await owner.missing(unclaimed)
        return unclaimed


class Swept(msgspec.Struct, frozen=True):
    """What one sweep did: blobs looked at, orphans removed and their bytes, leftovers of writes."""

    seen: int
    orphans: int
    freed_bytes: int
    leftovers: int


class Sweep:
    """One pass over the blob store. Idempotent; several at once do no harm.

    Raises:
        Misconfigured: at construction, when the grace is not longer than a request may last.
    """

    def __init__(
        self, blobs: BlobStore, references: References, clock: Clock, settings: UploadSettings
    ) -> None:
        if settings.sweep_grace_s <= settings.total_s:
            raise Misconfigured(
                "uploads.sweep_grace_s must be longer than uploads.total_s, or the sweep would "
                "remove what is still arriving"
            )
        self._blobs = blobs
        self._references = references
        self._clock = clock
        self._grace_ms = int(settings.sweep_grace_s * 1000)

    async def run(self) -> Swept:
        """Sweep once, 500 blobs at a time.

        Raises:
            Unavailable: the store or the rows cannot be read; what was not judged stays.
        """
        before_ms = self._clock.now_ms() - self._grace_ms
        seen = orphans = freed = 0
        for prefix in _PREFIXES:
            async for batch in self._batches(prefix, before_ms):
                removed = await self._remove_orphans(batch)
                seen += len(batch)
                orphans += len(removed)
                freed += sum(info.size for info in removed)
        leftovers = await self._blobs.sweep(before_ms)
        return Swept(seen, orphans, freed, leftovers)

    async def orphans(self) -> AsyncIterator[list[BlobInfo]]:
        """What `run` would remove just now, batch by batch; removes nothing."""
        before_ms = self._clock.now_ms() - self._grace_ms
        for prefix in _PREFIXES:
            async for batch in self._batches(prefix, before_ms):
                yield await self._orphans(batch)

    async def _batches(self, prefix: str, before_ms: int) -> AsyncIterator[list[BlobInfo]]:
        batch: list[BlobInfo] = []
        async for info in self._blobs.list(prefix):
            if info.modified_ms < before_ms and media_of(info.key) is not None:
                batch.append(info)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _remove_orphans(self, batch: list[BlobInfo]) -> list[BlobInfo]:
        orphans = await self._orphans(batch)
        for orphan in orphans:
            await self._blobs.delete(orphan.key)
        return orphans

    async def _orphans(self, batch: list[BlobInfo]) -> list[BlobInfo]:
        media = {info: media_of(info.key) for info in batch}
        missing = await self._references.missing({id_ for id_ in media.values() if id_})
        return [info for info in batch if media[info] in missing]
