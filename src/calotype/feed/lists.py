"""Ready lists: the top of each active reader's ranked feed, kept for repeated first pages.

Guarantees: a list is served only while nothing it was made of has changed (decision 013), and for
`ttl_s` at most; many who ask for one cold feed at once wait for one assembly. Refuses: to know more
than a first page of 100; further pages go by cursor.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from calotype.cache.bounded import Bounded
from calotype.cache.flights import Flights
from calotype.connections.changes import Versions
from calotype.feed.page import FeedPage
from calotype.kernel.clock import Clock
from calotype.kernel.ids import SHARDS, shard_of

# Of their time: lists that were made together, as after a start, must not end together.
_JITTER = 0.2
# With as long in the cache of celebrities' posts, a post is still seen within 5 s.
VOLATILE_MS = 2_000


class ReadyList(msgspec.Struct):
    """First pages of one reader.

    Attributes:
        as_of: the version of everything at which it was begun.
        authors: the shards of all authors that were looked at, whether they are shown or not.
        cut: makes the page of so many posts.
        volatile: something of it changes unheard; it is kept for 2 s at most.
        until_ms: when its time is over.
        checked: the last version at which it was found to be good still.
        pages: those that were cut, by their size.
    """

    as_of: int
    authors: Sequence[int]
    cut: Callable[[int], FeedPage]
    volatile: bool = False
    until_ms: int = 0
    checked: int = -1
    pages: dict[int, FeedPage] = {}

    def page(self, limit: int) -> FeedPage:
        page = self.pages.get(limit)
        if page is None:
            page = self.pages[limit] = self.cut(limit)
        return page


Assemble = Callable[[], Awaitable[ReadyList]]


class ReadyLists:
    """Lists by reader, at most `most`, about 15 KB each; for the event loop alone."""

    def __init__(self, versions: Versions, clock: Clock, ttl_s: float, most: int) -> None:
        self.versions = versions
        self._clock = clock
        self._ttl_ms = int(ttl_s * 1000)
        self._lists: Bounded[int, ReadyList] = Bounded(most)
        self._flights: Flights[int, ReadyList] = Flights(versions)

    def get(self, reader_id: int) -> ReadyList | None:
        """The reader's list while it is good; never waits."""
        found = self._lists.get(reader_id)
        if found is None:
            return None
        versions = self.versions
        now = versions.now
        if found.until_ms <= self._clock.now_ms() or (
            found.checked != now and not versions.still(found.as_of, reader_id, found.authors)
        ):
            self._lists.drop(reader_id)
            return None
        found.checked = now
        return found

    async def find(self, reader_id: int, assemble: Assemble) -> ReadyList:
        """The reader's list, assembled if need be; once for all who ask at the same version."""
        found = self.get(reader_id)
        if found is not None:
            return found
        return await self._flights.join(reader_id, partial(self._keep, reader_id, assemble))

    def forget_all(self) -> None:
        """Lose everything, as a cache may."""
        self._lists.clear()

    def _spread_ms(self, reader_id: int) -> int:
        return int(self._ttl_ms * _JITTER * shard_of(reader_id) / SHARDS)

    async def _keep(self, reader_id: int, assemble: Assemble) -> ReadyList:
        made = await assemble()
        if not self._ttl_ms:
            return made
        kept_ms = self._ttl_ms - self._spread_ms(reader_id)
        made.until_ms = self._clock.now_ms() + (
            min(kept_ms, VOLATILE_MS) if made.volatile else kept_ms
        )
        self._lists.put(reader_id, made)
        return made
