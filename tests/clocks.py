"""A clock that tests turn by hand."""

from calotype.kernel.ids import EPOCH_MS

DAY_MS = 86_400_000


class ManualClock:
    """Stands still until told to advance."""

    def __init__(self, now_ms: int = EPOCH_MS + 300 * DAY_MS) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def now_us(self) -> int:
        return self._now_ms * 1000

    def advance(self, *, ms: int = 0, seconds: float = 0) -> None:
        self._now_ms += ms + round(seconds * 1000)


class TickingClock(ManualClock):
    """A manual clock on which a microsecond passes with each look at its microseconds.

    Two id factories on it never mint the same id, as on a real machine, where two processes'
    transactions take longer than that.
    """

    _ticks = 0

    def now_us(self) -> int:
        self._ticks += 1
        return super().now_us() + self._ticks
