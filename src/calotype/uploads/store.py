"""The port to uploads' rows, and the one to whoever waits for uploads."""

from collections.abc import Collection, Iterable
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.uploads.upload import Upload


class Held(msgspec.Struct, frozen=True):
    """What a person's uploads that no post uses yet come to."""

    uploads: int
    bytes: int


class UploadStore(Protocol):
    """Uploads on their owner's shard. Verbs with `tx` join a transaction."""

    def add(self, tx: Transaction, upload: Upload) -> None:
        """Create it. Raises AlreadyExists if its id is taken."""
        ...

    def held(self, tx: Transaction, user_id: int) -> Held:
        """Those that are OPEN, or COMPLETE and used by no post."""
        ...

    def load(self, tx: Transaction, upload_ids: Iterable[int]) -> dict[int, Upload]:
        """Those that exist."""
        ...

    def end(self, tx: Transaction, upload: Upload) -> bool:
        """Record how an upload ended: status, reason, header, SHA-256, expiry, as given.

        False, and nothing is changed, if it is neither OPEN nor COMPLETE (or gone).
        """
        ...

    def extend(self, tx: Transaction, upload_id: int, expires_ms: int) -> None: ...

    def use(self, tx: Transaction, upload_ids: Collection[int], post_id: int) -> None:
        """Bind uploads to the one post that uses them.

        Raises:
            Conflict: one of them is used already.
        """
        ...

    def remove(self, tx: Transaction, upload_ids: Collection[int]) -> None:
        """Forget the rows; those that are absent are no error."""
        ...

    async def get(self, upload_id: int) -> Upload | None: ...

    async def over(self, now_ms: int, limit: int) -> list[Upload]:
        """Those OPEN, or COMPLETE and unused, whose time is over, the oldest first."""
        ...

    async def of_person(self, user_id: int, limit: int) -> list[Upload]: ...

    async def missing(self, media_ids: Collection[int]) -> set[int]:
        """Those media that are no upload which is OPEN or COMPLETE (see sweep.References)."""
        ...

    async def forget_old(self, before_ms: int) -> None:
        """Remove rows whose expiry lies before that time, but for those still OPEN or unused."""
        ...


class Waiting(Protocol):
    """Whoever waits for uploads; a room above binds itself here."""

    def ended(self, tx: Transaction, upload: Upload) -> None:
        """An upload has ended, as its status says, in this transaction."""
        ...
