"""Like and save posts, and take it back."""

from dataclasses import dataclass

from calotype.accounts.close import check_open
from calotype.accounts.store import AccountStore
from calotype.connections.sql import Database, Transaction
from calotype.engagement.events import Subject, mark_event
from calotype.engagement.gate import Gate
from calotype.engagement.mark import Kind
from calotype.engagement.store import MarkStore
from calotype.events.log import Outbox
from calotype.kernel.ids import shard_of


@dataclass(frozen=True)
class React:
    """The use cases, with what they work on."""

    database: Database
    accounts: AccountStore
    gate: Gate
    marks: MarkStore
    outbox: Outbox

    async def like(self, user_id: int, post_id: int, *, standing: bool) -> None:
        """Like a post, or take it back; repeating it changes nothing.

        Raises:
            NotFound: there is no such post for this person, or one of the two has left.
        """
        await self._mark(user_id, post_id, Kind.LIKE, standing=standing)

    async def save(self, user_id: int, post_id: int, *, standing: bool) -> None:
        """Save a post for oneself, or no longer; nobody else learns of it. As `like` otherwise."""
        await self._mark(user_id, post_id, Kind.SAVE, standing=standing)

    async def _mark(self, user_id: int, post_id: int, kind: Kind, *, standing: bool) -> None:
        post = await self.gate.pass_to(user_id, post_id)
        subject = Subject(post_id, post_id, post.author_id, post.published_id or 0)
        await self.put(user_id, subject, kind, standing=standing)

    async def put(self, user_id: int, subject: Subject, kind: Kind, *, standing: bool) -> None:
        """Put a mark on a subject that the person may see, or take it back.

        Raises:
            NotFound: the person or the subject's author has left.
        """

        def put(tx: Transaction) -> None:
            check_open(self.accounts, tx, user_id, subject.author_id)
            mark = self.marks.put(tx, user_id, subject.subject_id, kind, standing=standing)
            if mark is not None:
                self.outbox.append(tx, mark_event(mark, subject))

        await self.database.write(shard_of(user_id), put)
