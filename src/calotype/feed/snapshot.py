"""Cursors and snapshots of the ranked feed.

A ranked feed is ranked once and then kept, so that its pages fit together. The cache may lose a
snapshot at any moment. Then what lies under the watermark is ranked again without what was
served, which the cursor remembers by 24 bits a post: with 500 served, one in 33,000 of the rest is
taken for served and left out (decision 005).
"""

import secrets
from collections.abc import Iterable
from typing import Annotated

import msgspec

from calotype.cache.cache import Cache
from calotype.kernel.clock import from_rfc3339
from calotype.kernel.ids import MAX_ID, first_id_at
from calotype.kernel.paging import Position, decode_cursor
from calotype.ranking.ranker import Candidate

_PRINT_BYTES = 3
# As many as a cursor of 4,096 characters holds.
_MOST_PRINTS = 1_000


class RankedCursor(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """Where a reader is in a ranked feed: below `watermark`, in `snapshot`, after `offset`.

    Nothing below `floor` was ranked yet; 0: nothing was left below.
    """

    watermark: Position
    snapshot: str = ""
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    served: bytes = b""
    floor: Position = MAX_ID


class ChronologicalCursor(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """Where a reader is in time: what follows was published strictly below `before`.

    `served` are posts below it that were shown before: the reader's own while PROCESSING, and
    what an earlier ranking of the same scroll had reached down to.
    """

    before: Position
    served: bytes = b""


FeedCursor = RankedCursor | ChronologicalCursor


def read_position(text: str) -> FeedCursor:
    """Where in a feed this is: a cursor of it, or a time (RFC 3339) in the chronological order.

    Raises:
        Malformed: it is neither.
    """
    # A cursor has no colon: base64url.
    if (moment := from_rfc3339(text) if ":" in text else None) is not None:
        return ChronologicalCursor(first_id_at(moment))
    position: FeedCursor = decode_cursor(text, FeedCursor)
    return position


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


def fingerprints(post_ids: Iterable[int], earlier: bytes = b"") -> bytes:
    """24 bits a post (Fibonacci hashing of its id), behind the earlier ones; the last 1,000."""
    return (earlier + b"".join(map(_print, post_ids)))[-_MOST_PRINTS * _PRINT_BYTES :]


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
