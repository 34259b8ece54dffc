"""Checks of files that nothing wants any more."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from calotype.blobs.store import BlobStore
from calotype.kernel.clock import Clock
from calotype.upkeep.checks import Flaw
from calotype.uploads.abandon import AbandonUpload
from calotype.uploads.sweep import Sweep


@dataclass(frozen=True)
class OrphanedBlobs:
    """Files of photos that no post wants, older than the sweep's grace."""

    sweep: Sweep
    blobs: BlobStore
    what: str = "files that no post wants"
    cure: str = "removes them, as the sweep would"

    async def flaws(self) -> AsyncIterator[Flaw]:
        async for orphans in self.sweep.orphans():
            for orphan in orphans:
                yield Flaw(orphan.key, partial(self.blobs.delete, orphan.key))


@dataclass(frozen=True)
class OrphanedPartials:
    """Beginnings of files whose upload is over or unknown, older than the sweep's grace."""

    abandon: AbandonUpload
    what: str = "beginnings of files that no upload waits for"
    cure: str = "removes them, as the sweep would"

    async def flaws(self) -> AsyncIterator[Flaw]:
        async for name in self.abandon.orphans():
            yield Flaw(f"partial/{name}", partial(self.abandon.partials.discard, name))


@dataclass(frozen=True)
class UnfinishedWrites:
    """Temporary files of writes that never came to an end."""

    blobs: BlobStore
    clock: Clock
    grace_ms: int
    what: str = "unfinished temporary files"
    cure: str = "removes them, as the sweep would"

    async def flaws(self) -> AsyncIterator[Flaw]:
        before_ms = self.clock.now_ms() - self.grace_ms
        for _ in range(await self.blobs.leftovers(before_ms)):
            # One sweep takes all of them: the others' finds nothing more to do.
            yield Flaw("tmp/", partial(self.blobs.sweep, before_ms))
