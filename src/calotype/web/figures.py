"""The web process's own figures, and those that it collects for /metrics (decision 010)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from calotype.connections.figures import fetch_figures
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Unavailable
from calotype.kernel.ids import time_of
from calotype.kernel.leases import Backlogs
from calotype.kernel.metrics import (
    REQUEST_BOUNDS,
    Counter,
    Family,
    Gauge,
    Histogram,
    Labels,
)
from calotype.posts.stages import stages_counter
from calotype.web.streams import Streams

# A worker answers in a millisecond, also when its decoders take all processors.
PATIENCE_S = 1.0


class WebFigures:
    """Counted by the edge and by handlers."""

    def __init__(self, streams: Streams) -> None:
        self.stages = stages_counter()
        self.requests = Counter(
            "calotype_http_requests_total",
            "Answered requests.",
            ("method", "route", "status"),
        )
        self.seconds = Histogram(
            "calotype_http_request_seconds",
            "Time from a request's head to the end of its answer; streams are left out.",
            REQUEST_BOUNDS,
            ("method", "route"),
        )
        self._streams = Gauge(
            "calotype_streams", "Live streams open now.", lambda: {(): float(streams.count)}
        )

    def families(self) -> list[Family]:
        figures = (self.stages, self.requests, self.seconds, self._streams)
        return [figure.family() for figure in figures]


class Scrape:
    """All figures of a place: this process's, the queues' and the worker's.

    `lanes` names the lanes of each source, so that an empty one is told as 0 and not left out.
    """

    def __init__(
        self,
        own: WebFigures,
        sources: Sequence[Backlogs],
        lanes: Mapping[str, Sequence[str]],
        worker: Path,
        clock: Clock,
    ) -> None:
        self._own = own
        self._sources = sources
        self._lanes = lanes
        self._worker = worker
        self._clock = clock

    async def families(self) -> list[Family]:
        """Raises Unavailable if the database does not answer; a worker's absence is a figure."""
        return [*self._own.families(), *await self._queues(), *await self._of_worker()]

    async def _queues(self) -> list[Family]:
        waiting: dict[Labels, float] = {}
        oldest: dict[Labels, float] = {}
        dead: dict[Labels, float] = {}
        now = self._clock.now_ms()
        for source in self._sources:
            for lane in self._lanes[source.source]:
                waiting[source.source, lane] = oldest[source.source, lane] = 0.0
                dead[source.source, lane] = 0.0
            for each in await source.backlog():
                labels = (source.source, each.lane)
                waiting[labels] = each.waiting
                dead[labels] = each.dead
                age_ms = now - time_of(each.oldest_id) if each.oldest_id else 0
                oldest[labels] = max(0, age_ms) / 1000
        names = ("source", "lane")
        gauges = (
            Gauge("calotype_queue_depth", "Work not yet done.", lambda: waiting, names),
            Gauge("calotype_queue_oldest_seconds", "Its greatest age.", lambda: oldest, names),
            Gauge("calotype_dead_letters", "Work that was given up.", lambda: dead, names),
        )
        return [gauge.family() for gauge in gauges]

    async def _of_worker(self) -> list[Family]:
        try:
            theirs = await fetch_figures(self._worker, PATIENCE_S)
        except Unavailable:
            theirs = []
        up = 1.0 if theirs else 0.0
        gauge = Gauge("calotype_worker_up", "Whether the worker tells figures.", lambda: {(): up})
        return [gauge.family(), *theirs]
