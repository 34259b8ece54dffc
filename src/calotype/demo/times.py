"""Clocks for a past that is made now."""

from calotype.kernel.clock import SystemClock
from calotype.kernel.ids import IdFactory


class TurnedClock(SystemClock):
    """Stands where it was turned to, until it is let go; then it is the system's."""

    _standing_ms: int | None = None

    def turn(self, ms: int) -> None:
        """Stand at `ms` since the Unix epoch."""
        self._standing_ms = ms

    def let_go(self) -> None:
        self._standing_ms = None

    def now_ms(self) -> int:
        return super().now_ms() if self._standing_ms is None else self._standing_ms

    def now_us(self) -> int:
        return super().now_us() if self._standing_ms is None else self._standing_ms * 1_000


def ids_at(ms: int) -> IdFactory:
    """Mints ids of one moment. Two factories of one moment and shard mint the same ones."""
    clock = TurnedClock()
    clock.turn(ms)
    return IdFactory(clock)
