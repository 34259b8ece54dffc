"""The engagement of pages that were just shown, kept for a moment (decision 013).

Guarantees: what the viewer does with a post shows in their next read, their comments once they are
counted; what others do within five seconds, of which the last is the one for which a whole page is
kept. Refuses: to be asked for
more than the page that a viewer looked at last.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from calotype.cache.bounded import Bounded
from calotype.cache.flights import Flights
from calotype.connections.changes import Versions
from calotype.engagement.read import Engagement, ViewEngagement
from calotype.kernel.clock import Clock

KEPT_S = 4.0


class _Page(msgspec.Struct, frozen=True):
    as_of: int
    until_ms: int
    engagement: Mapping[int, Engagement]


class KeptEngagement:
    """ViewEngagement, and what is at hand of it: of `most` viewers, about 3 KB each.

    Nothing is kept for longer than `most_s` seconds. For the event loop alone.
    """

    def __init__(
        self, origin: ViewEngagement, versions: Versions, clock: Clock, most_s: float, most: int
    ) -> None:
        self._origin = origin
        self._versions = versions
        self._clock = clock
        self._kept_ms = int(min(most_s, KEPT_S) * 1000)
        self._pages: Bounded[int, _Page] = Bounded(most)
        self._flights: Flights[tuple[int, ...], Mapping[int, Engagement]] = Flights(versions)

    def known(self, viewer_id: int, post_ids: Sequence[int]) -> Mapping[int, Engagement] | None:
        """By post, for at least these, if all are at hand; never waits."""
        page = self._pages.get(viewer_id)
        if (
            page is None
            or page.until_ms <= self._clock.now_ms()
            or self._versions.viewer(viewer_id) > page.as_of
        ):
            return None
        engagement = page.engagement
        return engagement if all(post_id in engagement for post_id in post_ids) else None

    async def of(self, viewer_id: int | None, post_ids: Sequence[int]) -> Mapping[int, Engagement]:
        """By post, for each of them: as of now."""
        return await self._origin.of(viewer_id, post_ids)

    async def of_page(self, viewer_id: int, post_ids: Sequence[int]) -> Mapping[int, Engagement]:
        """The same for a page that its viewer may soon look at again."""
        found = self.known(viewer_id, post_ids)
        if found is not None:
            return found
        key = (viewer_id, *post_ids)
        return await self._flights.join(key, partial(self._keep, viewer_id, post_ids))

    def forget_all(self) -> None:
        """Lose everything, as a cache may."""
        self._pages.clear()

    async def _keep(self, viewer_id: int, post_ids: Sequence[int]) -> Mapping[int, Engagement]:
        as_of = self._versions.now
        page = await self._origin.of(viewer_id, post_ids)
        self._pages.put(viewer_id, _Page(as_of, self._clock.now_ms() + self._kept_ms, page))
        return page
