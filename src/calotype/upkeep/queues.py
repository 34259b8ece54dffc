"""How much work is left in each lane, empty ones among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from calotype.kernel.clock import Clock
from calotype.kernel.ids import time_of
from calotype.kernel.leases import Backlogs


class Depth(msgspec.Struct, frozen=True):
    """What lies in a lane: work that waits or is done just now, its greatest age, dead letters."""

    source: str
    lane: str
    waiting: int = 0
    oldest_s: float = 0.0
    dead: int = 0


@dataclass(frozen=True)
class Queues:
    """The sources of work; `lanes` names those of each, so that an empty one is told as well."""

    sources: Sequence[Backlogs]
    lanes: Mapping[str, Sequence[str]]
    clock: Clock

    async def depths(self) -> list[Depth]:
        """Raises Unavailable if a store does not answer. Costs a look at each row's index."""
        now = self.clock.now_ms()
        found: dict[tuple[str, str], Depth] = {}
        for source in self.sources:
            for lane in self.lanes[source.source]:
                found[source.source, lane] = Depth(source.source, lane)
            for each in await source.backlog():
                age_ms = now - time_of(each.oldest_id) if each.oldest_id else 0
                found[source.source, each.lane] = Depth(
                    source=source.source,
                    lane=each.lane,
                    waiting=each.waiting,
                    oldest_s=max(0, age_ms) / 1000,
                    dead=each.dead,
                )
        return list(found.values())
