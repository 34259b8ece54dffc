"""Cursors and snapshots of the ranked feed.

A ranked feed is ranked once and then kept, so that its pages fit together. The cache may lose a
snapshot at any moment. Then what lies under the watermark is ranked again without what was
served, which the cursor remembers by 24 bits a post (decision 005).
"""

import secrets
from collections.abc import Iterable

import msgspec

from calotype.cache.cache import Cache
from calotype.ranking.ranker import Candidate

_PRINT_BYTES = 3


class RankedCursor(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """Where a reader is in a ranked feed: below `watermark`, in `snapshot`, after `offset`."""

    watermark: int
    snapshot: str = ""
    offset: int = 0
    served: bytes = b""


class ChronologicalCursor(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """Where a reader is in time: what follows was published strictly below `before`."""

    before: int


FeedCursor = RankedCursor | ChronologicalCursor


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """A ranked list, and where the chronological rest goes on below it (None: nowhere)."""

    ranked: list[Candidate]
    floor: int | None


class Snapshots:
    """Snapshots of readers, in the cache, for `ttl_s` after each use."""

    def __init__(self, cache: Cache, ttl_s: float) -> None:
        self._cache = cache
        self._ttl_s = ttl_s

    async def get(self, reader_id: int, name: str) -> Snapshot | None:
        value = await self._cache.get(_key(reader_id, name), renew_s=self._ttl_s)
        return None if value is None else msgspec.msgpack.decode(value, type=Snapshot)

    async def keep(self, reader_id: int, snapshot: Snapshot) -> str:
        """Keep it; its new name."""
        name = secrets.token_urlsafe(9)
        value = msgspec.msgpack.encode(snapshot)
        await self._cache.put(_key(reader_id, name), value, self._ttl_s)
        return name


def fingerprints(candidates: Iterable[Candidate]) -> bytes:
    """24 bits a post (Fibonacci hashing of its id), in order."""
    return b"".join(_print(each.post_id) for each in candidates)


def without(candidates: Iterable[Candidate], served: bytes) -> list[Candidate]:
    """Those whose fingerprints are not among the served ones."""
    width = _PRINT_BYTES
    known = {served[at : at + width] for at in range(0, len(served), width)}
    return [each for each in candidates if _print(each.post_id) not in known]


def _print(post_id: int) -> bytes:
    mixed = (post_id * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    return (mixed >> 40).to_bytes(_PRINT_BYTES, "big")


def _key(reader_id: int, name: str) -> str:
    return f"feed.snapshot/{reader_id}/{name}"
