"""The port to notices."""

from typing import Protocol

import msgspec

KEPT_MS = 30 * 86_400_000


class Notice(msgspec.Struct, frozen=True):
    """One thing that a person is told. Ids rise per person in the order of telling.

    `actor_id` is whom it is about, 0 where that is nobody or many.
    """

    notice_id: int
    user_id: int
    kind: str
    body: bytes
    """JSON: of outcomes what the client is sent, of the others a Matter."""
    actor_id: int = 0


class NoticeStore(Protocol):
    """Notices on the person's shard."""

    async def add(
        self, user_id: int, cause: int, kind: str, body: bytes, actor_id: int = 0
    ) -> None:
        """Keep a notice and wake the person's streams. Idempotent by (user_id, cause)."""
        ...

    async def renew(self, user_id: int, cause: int, kind: str, body: bytes) -> None:
        """Keep a notice in the place of the cause's former one, as the newest and unread.

        Nothing happens where that one says the same.
        """
        ...

    async def after(self, user_id: int, notice_id: int, limit: int) -> list[Notice]:
        """Notices with ids above `notice_id`, oldest first."""
        ...

    async def before(self, user_id: int, notice_id: int, limit: int) -> list[Notice]:
        """Notices with ids below `notice_id`, newest first."""
        ...

    async def newest(self, user_id: int) -> int:
        """The id of the person's newest notice, 0 if there is none."""
        ...

    async def read_up_to(self, user_id: int) -> int:
        """The id of the last notice that the person has read, with all before it; 0 for none."""
        ...

    async def mark_read(self, user_id: int, notice_id: int) -> None:
        """Note that the person has read up to this one; it never goes back."""
        ...

    async def sweep(self) -> None:
        """Forget notices older than 30 days."""
        ...

    async def forget(self, user_id: int) -> None:
        """Forget what a person who left was told, and what others were told of them. Idempotent."""
        ...


def topic(user_id: int) -> str:
    """The doorbell's topic for a person's notices."""
    return f"notices.{user_id}"
