"""The one source of time, so that tests can turn it."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time since the Unix epoch, in whole milliseconds or microseconds."""

    def now_ms(self) -> int: ...

    def now_us(self) -> int: ...


class SystemClock:
    """The operating system's wall clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def now_us(self) -> int:
        return time.time_ns() // 1_000


def from_rfc3339(text: str) -> int | None:
    """A time with its offset, such as 2026-05-01T12:00:00Z, in ms since the Unix epoch; else None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else int(moment.timestamp() * 1000)


def to_datetime(ms: int) -> datetime:
    """Milliseconds since the Unix epoch as an aware UTC datetime."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
