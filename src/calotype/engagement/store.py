"""The ports to marks and to what is counted of them."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.engagement.comment import Comment
from calotype.engagement.events import CommentChanged, MarkChanged
from calotype.engagement.mark import Counts, Facts, Kind, Liker, Mark


class MarkStore(Protocol):
    """Likes and saves on the acting person's shard: the truth about them. Staleness: none."""

    def put(
        self, tx: Transaction, user_id: int, subject_id: int, kind: Kind, *, standing: bool
    ) -> Mark | None:
        """Let a mark stand, or not; None if that is so already, and then nothing is written."""
        ...

    async def facts(self, user_id: int, subject_ids: Iterable[int]) -> dict[int, Facts]:
        """What the person has done with those posts or comments that they have marked ever.

        One statement, whatever the number (at most 1,000).
        """
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

    async def latest_likers(self, subject_ids: Iterable[int], each: int) -> dict[int, list[Liker]]:
        """The `each` newest likers of subjects, newest first; one round trip, a search a subject."""
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


class CommentStore(Protocol):
    """Comments on the post's shard. Verbs with `tx` join a transaction there.

    A withdrawn comment is as if it were not there, and its thread with it; the worker removes it.
    """

    def insert(self, tx: Transaction, comment: Comment) -> None:
        """Keep a comment. Raises AlreadyExists if its id is taken."""
        ...

    def load(self, tx: Transaction, comment_id: int) -> Comment | None: ...

    def edit(
        self, tx: Transaction, comment_id: int, text: str, mentions: Sequence[str], edited_ms: int
    ) -> None: ...

    def withdraw(self, tx: Transaction, comment_id: int) -> None:
        """Take a comment out of sight, and blank its words."""
        ...

    async def by_ids(self, comment_ids: Iterable[int]) -> dict[int, Comment]:
        """Those that are there; one statement."""
        ...

    async def newest(self, post_id: int, reply_to: int, before: int, limit: int) -> list[Comment]:
        """Comments of a post that answer `reply_to` (0: none), below `before`, newest first."""
        ...

    async def of_author(self, author_id: int, limit: int) -> list[int]:
        """The ids of up to `limit` comments of a person, wherever they are; once a node."""
        ...

    async def of_post(self, post_id: int, limit: int) -> list[int]:
        """The ids of up to `limit` comments of a post, withdrawn ones too."""
        ...

    async def project(self, changes: Sequence[CommentChanged]) -> list[CommentChanged]:
        """Count what was written, remove what was withdrawn; what is newly counted.

        Idempotent, in any order; atomic for each 500 changes.
        """
        ...

    async def remove(self, comment_ids: Sequence[int]) -> None:
        """Remove comments with what answers them and likes them, and count them off. Idempotent."""
        ...
