"""The port to celebrities: authors with so many followers that their posts are not fanned out."""

from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction


class Fame(msgspec.Struct, frozen=True):
    """When an author last became a celebrity, and when they ceased to be one (0: they are one)."""

    since_ms: int
    until_ms: int

    @property
    def lasts(self) -> bool:
        return self.until_ms == 0


class CelebrityStore(Protocol):
    """Who is a celebrity, and whom of them a reader follows. Staleness: none within one node.

    There are few: an author for each half a million follows. In a fleet every node holds them all.
    """

    async def fame(self, user_id: int) -> Fame | None:
        """None for someone who never was one."""
        ...

    def rise(self, tx: Transaction, user_id: int, now_ms: int) -> None:
        """They are one from now on; nothing changes for who is one already."""
        ...

    def fall(self, tx: Transaction, user_id: int, now_ms: int) -> None:
        """They are one no more; nothing changes for who is none."""
        ...

    async def followed_by(self, reader_id: int, fallen_after_ms: int) -> list[int]:
        """Those whom a reader follows that are celebrities, or ceased to be one after that time.

        One statement; its cost is a look for each celebrity, whatever number the reader follows.
        """
        ...

    async def forget(self, user_id: int) -> None:
        """Idempotent."""
        ...
