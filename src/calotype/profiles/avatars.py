"""What a profile picture is, and the port to where they are kept."""

from enum import StrEnum
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.posts.post import Failure


class AvatarStatus(StrEnum):
    WAITING = "WAITING"
    READY = "READY"
    FAILED = "FAILED"
    REPLACED = "REPLACED"


# What may still become the one that is shown: a FAILED one when its job is replayed.
OPEN = frozenset({AvatarStatus.WAITING, AvatarStatus.FAILED})


class Avatar(msgspec.Struct, frozen=True):
    """A profile picture. `key` makes the place of its renditions unguessable until it is shown."""

    media_id: int
    user_id: int
    key: str
    status: AvatarStatus = AvatarStatus.WAITING
    reason: str = ""
    reason_code: str = ""


class AvatarStore(Protocol):
    """Pictures on their person's shard. At most one of a person's is READY, and it is shown.

    A REPLACED one stays known until its files are gone, so that they are never lost sight of.
    """

    def add(self, tx: Transaction, avatar: Avatar) -> None:
        """Add one that waits; what waited or failed before it is REPLACED."""
        ...

    def load(self, tx: Transaction, media_id: int) -> Avatar | None: ...

    def show(self, tx: Transaction, avatar: Avatar) -> None:
        """Make it READY; all older ones of the person are REPLACED."""
        ...

    def fail(self, tx: Transaction, media_id: int, failure: Failure) -> None:
        """Make it FAILED; changes nothing unless it waits."""
        ...

    def retire(self, tx: Transaction, user_id: int) -> None:
        """Make all of a person's REPLACED."""
        ...

    def remove(self, tx: Transaction, media_id: int) -> None:
        """Forget one whose files are gone; idempotent."""
        ...

    async def get(self, media_id: int) -> Avatar | None: ...

    async def of_person(self, user_id: int) -> list[Avatar]:
        """All of a person's, oldest first."""
        ...
