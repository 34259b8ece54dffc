"""The port to wherever blobs live."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import msgspec


class BlobInfo(msgspec.Struct, frozen=True):
    """A stored blob: its key, size in bytes, and when it was completed (ms since the Unix epoch)."""

    key: str
    size: int
    modified_ms: int


class BlobPart(msgspec.Struct, frozen=True):
    """Some bytes of a blob, and the facts of the whole."""

    info: BlobInfo
    data: bytes


class BlobStore(Protocol):
    """Keys are relative paths of `[A-Za-z0-9._-]` segments joined by `/`, at most 200 characters.

    No segment is `.` or `..`, the first is not `tmp` or `partial`, and no key is another's directory.
    Atomicity: a blob is whole or absent, also after a power cut. Retention: until deleted.
    Memory: bounded by a few chunks, whatever the blob's size. Errors: StorageFull, Unavailable;
    Invalid for a key outside the rules.
    """

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> BlobInfo:
        """Create the blob; durable (file and directory fsynced) when this returns.

        If `chunks` raises, or the task is cancelled, nothing is left under the key.

        Raises:
            AlreadyExists: the key holds a blob, which stays as it is.
        """
        ...

    async def stat(self, key: str) -> BlobInfo:
        """Raises NotFound."""
        ...

    async def read(self, key: str, start: int, size: int) -> BlobPart:
        """Up to `size` bytes from `start`, fewer only at the blob's end, in one look at the store.

        For parts that fit in memory; 0 bytes are asked for where the facts decide what to send.

        Raises:
            NotFound: there is no such blob.
        """
        ...

    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end` (exclusive; the blob's end if None), in chunks.

        What lies beyond the blob's end is left out. A delete meanwhile does not cut the stream.

        Raises:
            NotFound: at the first chunk.
        """
        ...

    def local(self, key: str) -> AbstractAsyncContextManager[Path]:
        """A local file with the blob's bytes, to read only, for as long as the context is open.

        Raises:
            NotFound: there is no such blob.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove the blob, durably; removing what is absent is no error."""
        ...

    def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        """Every whole blob whose key starts with `prefix` (a path ending in `/`, or empty).

        In no order. What is put or deleted meanwhile may be in it or not.
        """
        ...

    async def leftovers(self, older_than_ms: int) -> int:
        """How many leftovers `sweep` would remove; removes nothing."""
        ...

    async def sweep(self, older_than_ms: int) -> int:
        """Remove leftovers of writes that never completed and began before that time; how many."""
        ...
