"""How far the making of a video has come, for its author.

A row is written every two seconds at most, and rings its author's streams: that reaches every
web process, wherever it runs, for one small write. What it tells is a courtesy: where it cannot
be written, the video is made all the same.
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from calotype.connections.sql import Database, Transaction
from calotype.kernel.errors import Unavailable
from calotype.kernel.ids import shard_of
from calotype.posts.post import Medium
from calotype.posts.store import PostStore

EVERY_S = 2.0


@dataclass(frozen=True)
class ReportProgress:
    """The use case, with what it works on. `topic` names the doorbell's topic of a person."""

    database: Database
    posts: PostStore
    topic: Callable[[int], str]

    def of(self, medium: Medium) -> Callable[[int], Awaitable[None]]:
        """What to tell the percentage of one medium to."""
        told, next_s = 0, 0.0

        async def tell(percent: int) -> None:
            nonlocal told, next_s
            now = time.monotonic()
            if percent <= told or now < next_s:
                return
            told, next_s = percent, now + EVERY_S
            with suppress(Unavailable):
                await self._write(medium, percent)

        return tell

    async def _write(self, medium: Medium, percent: int) -> None:
        def write(tx: Transaction) -> None:
            self.posts.advance(tx, medium.media_id, percent)
            tx.wake(self.topic(medium.author_id))

        await self.database.write(shard_of(medium.media_id), write)
