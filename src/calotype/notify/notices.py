"""The port to notices."""

from typing import Protocol

import msgspec

KEPT_MS = 30 * 86_400_000


class Notice(msgspec.Struct, frozen=True):
    """One thing that a person is told. Ids rise per person in the order of telling."""

    notice_id: int
    user_id: int
    kind: str
    body: bytes
    """JSON for the client."""


class NoticeStore(Protocol):
    """Notices on the person's shard."""

    async def add(self, user_id: int, cause: int, kind: str, body: bytes) -> None:
        """Keep a notice and wake the person's streams. Idempotent by (user_id, cause)."""
        ...

    async def after(self, user_id: int, notice_id: int, limit: int) -> list[Notice]:
        """Notices with ids above `notice_id`, oldest first."""
        ...

    async def newest(self, user_id: int) -> int:
        """The id of the person's newest notice, 0 if there is none."""
        ...

    async def sweep(self) -> None:
        """Forget notices older than 30 days."""
        ...

    async def forget(self, user_id: int) -> None:
        """Forget everything that a person who left was told. Idempotent."""
        ...


def topic(user_id: int) -> str:
    """The doorbell's topic for a person's notices."""
    return f"notices.{user_id}"
