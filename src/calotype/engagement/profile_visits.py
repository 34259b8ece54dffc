"""Visits to profiles, as affinity: gathered, since a read must not cost a write."""

from collections.abc import Sequence

from calotype.engagement.affinities import KeepAffinities
from calotype.engagement.affinity import Act, Touch
from calotype.kernel.clock import Clock
from calotype.kernel.gathering import Gatherer

DELAY_S = 5.0
MOST = 500  # visits a write


class ProfileVisits:
    """Notes visits; what a killed process had not handed on is lost, which a score bears."""

    def __init__(self, affinities: KeepAffinities, clock: Clock) -> None:
        self._affinities = affinities
        self._clock = clock
        self._gatherer: Gatherer[Touch] = Gatherer(self._add, delay_s=DELAY_S, most=MOST)

    def note(self, viewer_id: int, author_id: int) -> None:
        """Someone looked at another's profile."""
        now_ms = self._clock.now_ms()
        self._gatherer.add([Touch(viewer_id, author_id, Act.VISIT, now_ms, cause=0)])

    async def flush(self) -> None:
        """Wait until what was noted is kept."""
        await self._gatherer.flush()

    async def _add(self, touches: Sequence[Touch]) -> None:
        # Once for each pair in a batch: whoever scrolls through a profile visits it once.
        last = {(touch.viewer_id, touch.author_id): touch for touch in touches}
        await self._affinities.touched(list(last.values()))
