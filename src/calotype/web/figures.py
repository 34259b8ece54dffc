"""The web process's own figures, and those that it collects for /metrics (decision 010)."""

from pathlib import Path

from calotype.connections.figures import fetch_figures
from calotype.kernel.errors import Unavailable
from calotype.kernel.metrics import (
    REQUEST_BOUNDS,
    Counter,
    Family,
    Gauge,
    Histogram,
    Labels,
)
from calotype.posts.stages import stages_counter
from calotype.upkeep.queues import Queues
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
    """All figures of a place: this process's, the queues' and the worker's."""

    def __init__(self, own: WebFigures, queues: Queues, worker: Path) -> None:
        self._own = own
        self._queues = queues
        self._worker = worker

    async def families(self) -> list[Family]:
        """Raises Unavailable if the database does not answer; a worker's absence is a figure."""
        return [*self._own.families(), *await self._depths(), *await self._of_worker()]

    async def _depths(self) -> list[Family]:
        depths = {(each.source, each.lane): each for each in await self._queues.depths()}

        def waiting() -> dict[Labels, float]:
            return {labels: each.waiting for labels, each in depths.items()}

        def oldest() -> dict[Labels, float]:
            return {labels: each.oldest_s for labels, each in depths.items()}

        def dead() -> dict[Labels, float]:
            return {labels: each.dead for labels, each in depths.items()}

        names = ("source", "lane")
        gauges = (
            Gauge("calotype_queue_depth", "Work not yet done.", waiting, names),
            Gauge("calotype_queue_oldest_seconds", "Its greatest age.", oldest, names),
            Gauge("calotype_dead_letters", "Work that was given up.", dead, names),
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
