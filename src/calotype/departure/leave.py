"""Leave: close the account at once, then have every room forget it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from calotype.accounts.account import Identity
from calotype.accounts.close import CloseAccount
from calotype.connections.sql import Transaction
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.ids import shard_of
from calotype.posts.withdraw import UPKEEP_LANE

DELETE = "account.delete"


class Forgetful(Protocol):
    """A room that keeps something of a person.

    Idempotent, and to be called again after it was cut short; transactions stay short. Order:
    none among rooms, but that a room comes before those that it reads.
    """

    async def forget(self, user_id: int) -> None:
        """Remove everything that is theirs or names them."""
        ...


@dataclass(frozen=True)
class Leave:
    """The one who asks closes the account, and promises the rest by a job."""

    close: CloseAccount
    jobs: JobQueue

    async def leave(self, me: Identity, password: str) -> None:
        """Delete one's own account, for good.

        Raises:
            InvalidCredentials: the password is wrong.
        """

        def promise(tx: Transaction) -> None:
            job = NewJob(shard_of(me.user_id), UPKEEP_LANE, DELETE, str(me.user_id))
            self.jobs.enqueue(tx, [job])

        await self.close(me, password, promise)


@dataclass(frozen=True)
class Forget:
    """The job: every room in turn."""

    rooms: Sequence[Forgetful]

    async def forget(self, user_id: int) -> None:
        """Forget a person whose account is closed. Idempotent."""
        for room in self.rooms:
            await room.forget(user_id)
