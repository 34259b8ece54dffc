"""Impressions: what readers looked at, and what the ranker knew when it was served.

They are what a ranker is trained on, offline: appended to a log, never a database write a read.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

# What one request may report.
MOST = 200
MAX_DWELL_MS = 3_600_000


class Impression(msgspec.Struct, frozen=True, tag="impression", omit_defaults=True, rename="camel"):
    """A reader had a post before them for a while; `position` in the feed, -1 if unknown."""

    reader: int
    post: int
    at_ms: int
    dwell_ms: int
    position: int = -1


class Served(msgspec.Struct, frozen=True, tag="served", omit_defaults=True, rename="camel"):
    """A post was ranked for a reader; `features` and `score` as they were at that moment."""

    reader: int
    post: int
    at_ms: int
    position: int
    score: float
    features: dict[str, float]


Entry = Impression | Served


class ImpressionLog(Protocol):
    """An append-only log. Order: as appended by one process."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Take entries, without waiting; they are durable about a second later.

        What a killed process had not written yet is lost, and so is what comes in faster than it
        can be written: a sample bears that.
        """
        ...

    async def flush(self) -> None:
        """Wait until what was appended is durable."""
        ...

    async def sweep(self) -> None:
        """Remove what is older than 30 days."""
        ...

    async def forget(self, user_id: int) -> None:
        """Remove what a person who left has looked at. Idempotent."""
        ...
