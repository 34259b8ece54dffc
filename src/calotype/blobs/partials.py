"""The port to blobs that arrive in pieces, over several requests and perhaps several days."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from calotype.blobs.store import BlobInfo


class PartialInfo(msgspec.Struct, frozen=True):
    """A partial blob: its name, and when bytes last came (ms since the Unix epoch)."""

    name: str
    modified_ms: int


class Digest(Protocol):
    """A running hash of one piece, and what it must come to."""

    def update(self, data: bytes | bytearray, /) -> None: ...

    def agrees(self) -> bool: ...


class Partial(Protocol):
    """One partial blob while it is held; nobody else writes to it. `size` is what is durable."""

    @property
    def size(self) -> int: ...

    async def append(self, chunks: AsyncIterable[bytes], digest: Digest | None = None) -> None:
        """Add bytes at the end; durable when this returns.

        If `chunks` raises, or the task is cancelled, what had come is kept, durable, and counted
        in `size`. With a digest it is all or nothing, also after a power cut.

        Raises:
            DamagedChunk: the digest does not agree; nothing of the piece is kept.
            StorageFull, Unavailable: nothing of the piece is kept, so that its room is free again.
        """
        ...

    async def clear(self) -> None:
        """Start again from nothing."""
        ...

    async def scan(self, look: Callable[[bytes], None]) -> None:
        """Show `look` all bytes in order, in a thread of the store; it must not wait."""
        ...

    async def place(self, key: str) -> BlobInfo:
        """Make it the blob `key`, without copying; durable when this returns. Idempotent.

        The partial blob stays until it is discarded, so that a crash in between loses nothing.

        Raises:
            AlreadyExists: the key holds another blob.
            NotFound: the partial blob was discarded meanwhile.
        """
        ...


class PartialStore(Protocol):
    """Partial blobs by name (letters, digits, `_` and `-`). Survives what a BlobStore survives.

    Memory: a few chunks, whatever the size. Retention: until discarded.
    Errors: StorageFull, Unavailable; Invalid for a name outside the rules.
    """

    async def create(self, name: str) -> None:
        """Make an empty one, durably. Raises AlreadyExists."""
        ...

    def hold(self, name: str) -> AbstractAsyncContextManager[Partial]:
        """Keep every other writer, in whatever process, away for as long as the context is open.

        A holder that dies lets go.

        Raises:
            Busy: somebody else holds it.
            NotFound: there is none.
        """
        ...

    async def size(self, name: str) -> int:
        """How many bytes have come and are durable. Raises NotFound."""
        ...

    async def discard(self, name: str) -> None:
        """Remove it, held or not; removing what is absent is no error."""
        ...

    def list(self) -> AsyncIterator[PartialInfo]:
        """All there are, in no order."""
        ...
