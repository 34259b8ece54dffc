"""The figures of a worker process; the web process tells them (decision 010)."""

from collections.abc import Callable

from calotype.kernel.clock import Clock
from calotype.kernel.ids import time_of
from calotype.kernel.metrics import VISIBLE_BOUNDS, Counter, Family, Gauge, Histogram
from calotype.posts.stages import stages_counter
from calotype.workers.lane import DONE, Tally

_PLACE = ("source", "lane")

Decoders = Callable[[], tuple[int, int]]
"""How many decoders are busy, and how many idle."""


class WorkerFigures:
    """Counted by the handlers of jobs and events."""

    def __init__(self, clock: Clock, decoders: Decoders) -> None:
        self._clock = clock
        self.stages = stages_counter()
        self._visible = Histogram(
            "calotype_publish_visible_seconds",
            "Time from publishing a post to its place in the timelines of a chunk of followers.",
            VISIBLE_BOUNDS,
        )
        self._stage_seconds = Histogram(
            "calotype_post_stage_seconds",
            "Time from a medium's arrival to processed, from publishing to published and fanned_out.",
            VISIBLE_BOUNDS,
            ("stage",),
        )
        self._work = Counter(
            "calotype_work_total", "Pieces of work, by what came of them.", (*_PLACE, "outcome")
        )
        self._work_seconds = Counter(
            "calotype_work_seconds_total", "Time that pieces of work took, together.", _PLACE
        )
        self._decoders = Gauge(
            "calotype_decoders",
            "Decoder processes.",
            lambda: dict(zip([("busy",), ("idle",)], map(float, decoders()), strict=True)),
            ("state",),
        )

    def tally(self, source: str, lane: str) -> Tally:
        """What a lane tells its outcomes to."""
        self._work.add(source, lane, DONE, by=0)  # a rate needs a beginning

        def told(outcome: str, pieces: int, seconds: float) -> None:
            self._work.add(source, lane, outcome, by=pieces)
            self._work_seconds.add(source, lane, by=seconds)

        return told

    def reached(self, stage: str, since: int) -> None:
        """A post has just reached a stage; the id `since` was minted when it was on its way."""
        self.stages.add(stage)
        self._stage_seconds.observe(self._seconds_since(since), stage)

    def now_visible(self, published_id: int) -> None:
        """The post of this published_id has just come into its followers' timelines."""
        self._visible.observe(self._seconds_since(published_id))

    def _seconds_since(self, id_: int) -> float:
        return max(0, self._clock.now_ms() - time_of(id_)) / 1000

    def families(self) -> list[Family]:
        figures = (
            self.stages,
            self._stage_seconds,
            self._visible,
            self._work,
            self._work_seconds,
            self._decoders,
        )
        return [figure.family() for figure in figures]
