"""The port to timelines."""

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from calotype.ranking.ranker import Candidate

# A timeline keeps its newest; what is older comes by pull.
KEPT = 800


class Push(msgspec.Struct, frozen=True):
    """A post for one reader's timeline."""

    reader_id: int
    entry: Candidate


class TimelineStore(Protocol):
    """What each reader might be shown, by the time of publishing.

    Idempotency: pushing again changes nothing. Order: by published_id, whatever the order of
    pushing. Atomicity: none over several pushes. Nothing is removed when a post or an edge goes:
    readers of the store filter. Durability: what was pushed survives a power cut, since the job
    that pushed it ends with it (decision 025).
    """

    async def push(self, pushes: Sequence[Push]) -> None: ...

    async def holds(self, reader_id: int, published_ids: Collection[int]) -> set[int]:
        """Those of `published_ids` (at most 1,000) that have an entry; one round trip."""
        ...

    async def page(self, reader_id: int, before: int, limit: int) -> list[Candidate]:
        """Entries with published_id below `before`, newest first; one round trip."""
        ...

    async def forget(self, user_id: int) -> None:
        """Remove a person's own timeline and, from all others, what they published. Idempotent.

        Cost: one pass over all timelines, since an index by author would be paid by every push.
        """
        ...
