"""Leased work: what a queue hands out, and what may be done with it.

At least once: a lease that runs out makes the work due again, so handlers are idempotent. Three
tries, counted when a lease is taken, so that work which kills its worker is not tried for ever.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

MAX_TRIES = 3
# Before the second and the third try.
BACKOFF_MS = (1_000, 10_000)
# What work is not to blame for (a full disk, a database that is away) costs no try: it comes again
# after 5 s, and so on for 3 days, in which an operator has come back from a weekend.
POSTPONED_MS = 5_000
PATIENCE_MS = 3 * 86_400_000


class Leased(msgspec.Struct, frozen=True):
    """A piece of work in the hands of one worker. `attempt` counts from 1; `token` proves it.

    `trace` is the id of the request that it goes back to, empty if there was none.
    """

    shard: int
    id: int
    lane: str
    kind: str
    key: str
    payload: bytes
    attempt: int
    token: str
    trace: str = ""

    @property
    def last_try(self) -> bool:
        return self.attempt >= MAX_TRIES

    @property
    def worn_out(self) -> bool:
        """Every try was begun and none came to an end: it kills its workers."""
        return self.attempt > MAX_TRIES


class Backlog(msgspec.Struct, frozen=True):
    """What lies in one lane. `waiting` counts leased work too; `oldest_id` is 0 without any."""

    lane: str
    waiting: int
    oldest_id: int
    dead: int

    def waiting_too(self, rows: int, oldest_id: int) -> "Backlog":
        """With so many more that wait, the oldest of them by its id."""
        oldest = min(self.oldest_id or oldest_id, oldest_id)
        return msgspec.structs.replace(self, waiting=self.waiting + rows, oldest_id=oldest)

    def buried(self, rows: int, _oldest_id: int) -> "Backlog":
        """With so many more that are dead."""
        return msgspec.structs.replace(self, dead=self.dead + rows)


class Backlogs(Protocol):
    """How much work of one source is left (the jobs, the events)."""

    source: str

    async def backlog(self) -> Sequence[Backlog]:
        """Of each lane that holds anything, waiting or dead. Costs a look at each row's index."""
        ...


class WorkSource(Protocol):
    """Lanes of work to be leased and finished, whatever engine holds them."""

    async def lease(self, lane: str, limit: int, owner: str) -> Sequence[Leased]:
        """Take up to `limit` due pieces; each is another worker's once its lease runs out."""
        ...

    async def heartbeat(self, work: Leased) -> bool:
        """Prolong the lease; False if it was lost, and then the work should stop."""
        ...

    async def finish(self, work: Leased) -> bool:
        """Remove what is durably done; False if the lease was lost, which is harmless."""
        ...

    async def finish_all(self, works: Sequence[Leased]) -> None:
        """Remove what is durably done together; what was lost meanwhile is left to its holder."""
        ...

    async def retry(self, work: Leased, error: str) -> bool:
        """Give it back, due after its backoff; after the last try bury it, and then True."""
        ...

    async def postpone(self, work: Leased, error: str) -> bool:
        """Give it back, due in 5 s, as if it had not been tried: it is not to blame.

        False, and nothing is done, when it is 3 days old: then its tries count.
        """
        ...

    async def bury(self, work: Leased, error: str) -> None:
        """Put it into the dead letters at once."""
        ...

    async def reclaim(self, owner: str) -> int:
        """Make due what `owner` held when its process died; called by its successor at start."""
        ...

    async def next_due(self, lane: str) -> int | None:
        """When the lane's next piece comes due (ms since the Unix epoch); None if it is empty."""
        ...

    def topic(self, lane: str) -> str:
        """The doorbell's topic that rings when the lane gets work."""
        ...
