"""The ports to marks and to what is counted of them."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.engagement.events import MarkChanged
from calotype.engagement.mark import Counts, Facts, Kind, Liker, Mark


class MarkStore(Protocol):
    """Likes and saves on the acting person's shard: the truth about them. Staleness: none."""

    def put(
        self, tx: Transaction, user_id: int, subject_id: int, kind: Kind, *, standing: bool
    ) -> Mark | None:
        """Let a mark stand, or not; None if that is so already, and then nothing is written."""
        ...

    async def facts(self, user_id: int, post_ids: Iterable[int]) -> dict[int, Facts]:
        """What the person has done with those posts that they have done anything with.

        One statement, whatever the number (at most 1,000).
        """
        ...

    async def standing(self, user_id: int, kind: Kind, subject_ids: Iterable[int]) -> set[int]:
        """Those of the subjects that bear the person's mark; one statement."""
        ...

    async def newest(self, user_id: int, kind: Kind, before: int, limit: int) -> list[Mark]:
        """The person's standing marks with ids below `before`, newest first."""
        ...

    async def of_person(self, user_id: int, limit: int) -> list[Mark]:
        """Up to `limit` of a person's marks, standing or not."""
        ...

    def remove(self, tx: Transaction, user_id: int, marks: Sequence[Mark]) -> None:
        """Remove marks of someone who left, without a trace. Idempotent."""
        ...


class Counted(msgspec.Struct, frozen=True):
    """The counts of a subject, and whether one person's like is in them."""

    counts: Counts
    own: bool


class TallyStore(Protocol):
    """Who likes a subject, and the counts: a projection on the subject's shard.

    The row of (subject, person) is its truth, and counts are sums of such rows. Staleness: what
    the worker has not come to yet, well under a second while it keeps up.
    """

    async def counts(self, post_ids: Iterable[int]) -> dict[int, Counts]:
        """Of those subjects that have any; one statement that reads a row a subject."""
        ...

    async def counts_beside(self, user_id: int, post_ids: Iterable[int]) -> dict[int, Counted]:
        """The same, of one moment with whether the person's own like is counted; one statement."""
        ...

    async def likers(self, subject_id: int, before: int, limit: int) -> list[Liker]:
        """Who likes a subject, with mark ids below `before`, newest first."""
        ...

    async def early(self, post_ids: Iterable[int]) -> dict[int, int]:
        """Likes and comments within an hour of publishing, of those posts that had any.

        What is taken back later stays in it. One statement that reads a row a post.
        """
        ...

    async def minutes(self, post_id: int) -> dict[int, int]:
        """The same by the minute, counted from publishing; of the first three hours."""
        ...

    async def project(self, changes: Sequence[MarkChanged]) -> list[MarkChanged]:
        """Take over changes of likes; those that made a difference to a count.

        Idempotent, and the same in any order: of a person and a subject the highest version
        stands. Atomic for each 500 changes, which cost each subject's counts one write.
        """
        ...

    async def remove(self, subject_ids: Sequence[int]) -> None:
        """Remove everything about subjects that are gone. Idempotent."""
        ...

    async def remove_liker(self, user_id: int, subject_ids: Sequence[int]) -> None:
        """Remove one person's likes from the projection and the counts. Idempotent."""
        ...
