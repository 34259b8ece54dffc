"""Fragments: the JSON of posts, ready to be joined into pages (decision 013).

Guarantees: a fragment is used only while neither the post nor its author has changed, for `ttl_s`
at most, and never past the day on which its signed URLs were made. Refuses: to hold what differs by
viewer; that is joined to it at the end. Whole pages are kept for a second, since joining one takes
as long as all else about an answer that is at hand.
"""

from collections.abc import Mapping, Sequence

import msgspec

from calotype.cache.bounded import Bounded
from calotype.cache.flights import Flights
from calotype.connections.changes import Versions
from calotype.delivery.urls import DAY_S
from calotype.kernel.clock import Clock
from calotype.kernel.ids import shard_of

JOINED_MS = 1_000
# 15 KB each.
JOINED_PAGES = 256


class Fragment(msgspec.Struct, frozen=True, gc=False):
    """A post's JSON up to where the facts of the viewer begin."""

    head: bytes
    shard: int
    as_of: int
    until_ms: int


class Fragments:
    """Fragments by post, bounded by bytes: the oldest go first. For the event loop alone."""

    def __init__(self, versions: Versions, clock: Clock, ttl_s: float, most_bytes: int) -> None:
        self.versions = versions
        self.flights: Flights[tuple[int, ...], Mapping[int, bytes]] = Flights(versions)
        self._clock = clock
        self._ttl_ms = int(ttl_s * 1000)
        self._kept: Bounded[int, Fragment] = Bounded(most_bytes, _weight)

    def all(self, post_ids: Sequence[int]) -> list[bytes] | None:
        """All of them in order, or None if one is not at hand; never waits."""
        kept, versions, now = self._kept, self.versions.authors, self._clock.now_ms()
        heads = []
        for post_id in post_ids:
            found = kept.get(post_id)
            if found is None or versions[found.shard] > found.as_of or found.until_ms <= now:
                return None
            heads.append(found.head)
        return heads

    def some(self, post_ids: Sequence[int]) -> dict[int, bytes]:
        """Those that are at hand; never waits."""
        return {id_: found[0] for id_ in post_ids if (found := self.all((id_,)))}

    def keep(self, as_of: int, heads: Mapping[int, bytes]) -> None:
        """Keep what was made of posts that were read at the version `as_of`."""
        now = self._clock.now_ms()
        # The URLs of followers' media are made for a day (delivery/urls.py).
        tomorrow_ms = (now // 1000 // DAY_S + 1) * DAY_S * 1000
        until_ms = min(now + self._ttl_ms, tomorrow_ms)
        for post_id, head in heads.items():
            self._kept.put(post_id, Fragment(head, shard_of(post_id), as_of, until_ms))

    def forget_all(self) -> None:
        """Lose everything, as a cache may."""
        self._kept.clear()


def _weight(fragment: Fragment) -> int:
    return len(fragment.head)


class _Joined(msgspec.Struct, frozen=True, gc=False):
    limit: int
    as_of: int
    until_ms: int
    body: bytes


class JoinedPages:
    """First pages of readers as they were last sent. For the event loop alone.

    Any change anywhere ends them all, so that they need to know of none in particular. What ends
    by time may be shown a second longer. Of at most `most` readers, and 256.
    """

    def __init__(self, versions: Versions, clock: Clock, most: int) -> None:
        self._versions = versions
        self._clock = clock
        self._kept: Bounded[int, _Joined] = Bounded(min(most, JOINED_PAGES))

    def get(self, reader_id: int, limit: int) -> bytes | None:
        found = self._kept.get(reader_id)
        if (
            found is None
            or found.limit != limit
            or found.as_of != self._versions.now
            or found.until_ms <= self._clock.now_ms()
        ):
            return None
        return found.body

    def keep(self, reader_id: int, limit: int, body: bytes) -> None:
        """Keep what was joined just now, of what is good just now."""
        until_ms = self._clock.now_ms() + JOINED_MS
        self._kept.put(reader_id, _Joined(limit, self._versions.now, until_ms, body))
