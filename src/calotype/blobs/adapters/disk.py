"""Blobs as files in one directory.

A blob is written under `tmp/`, fsynced, and linked to its name, which the kernel refuses if the
name is taken. Then every directory from the new entry up to the root is fsynced, not only those
that this write made: one that another write made a moment ago may not be durable yet either.

Guarantees: an acknowledged blob survives a power cut; files are 0600 and directories 0700.
Needs a file system with hard links. Several processes may share the directory.
"""

import os
import secrets
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import ParamSpec, TypeVar

from calotype.blobs.adapters.blocking import in_thread, translated
from calotype.blobs.adapters.directories import (
    link_new,
    make_durable_directory,
    parents,
    prune,
)
from calotype.blobs.keys import RESERVED, TEMPORARY, check_key, check_prefix
from calotype.blobs.store import BlobInfo, BlobPart
from calotype.kernel.durable import sync
from calotype.kernel.errors import AlreadyExists, CalotypeError, Invalid, NotFound

T = TypeVar("T")
P = ParamSpec("P")

# A hop to a thread and back costs about 60 us: 1 MiB makes that nothing beside the write.
WRITE_BATCH = 1024 * 1024
READ_CHUNK = 256 * 1024
LIST_BATCH = 500
# Readers have threads of their own, so that no picture waits behind another one's fsync.
THREADS = 4


class DiskBlobs:
    """A BlobStore in the directory `root`, which is made if it is absent."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._temporary = root / TEMPORARY
        with translated():
            make_durable_directory(self._temporary)
        self._readers = ThreadPoolExecutor(THREADS, thread_name_prefix="blob-read")
        self._writers = ThreadPoolExecutor(THREADS, thread_name_prefix="blob-write")

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> BlobInfo:
        check_key(key)
        draft = _Draft(self._root, key)
        try:
            await self._write(draft.open)
            async with aclosing(batched(chunks)) as batches:
                async for batch in batches:
                    await self._write(draft.write, batch)
            return await self._write(draft.commit)
        except BaseException:
            await self._write(draft.abandon)
            raise

    async def stat(self, key: str) -> BlobInfo:
        check_key(key)
        return await self._read(_stat, self._root, key)

    async def read(self, key: str, start: int, size: int) -> BlobPart:
        check_key(key)
        if start < 0 or size < 0:
            raise _bad_range()
        return await self._read(_read_part, self._root, key, start, size)

    async def stream(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        check_key(key)
        if start < 0 or (end is not None and end < 0):
            raise _bad_range()
        file = _OpenBlob(self._root, key)
        try:
            await self._read(file.open)
            position = start
            while end is None or position < end:
                size = READ_CHUNK if end is None else min(READ_CHUNK, end - position)
                chunk = await self._read(file.read, position, size)
                if not chunk:
                    return
                position += len(chunk)
                yield chunk
        finally:
            file.close()

    @asynccontextmanager
    async def local(self, key: str) -> AsyncIterator[Path]:
        await self.stat(key)
        yield self._root / key

    async def delete(self, key: str) -> None:
        check_key(key)
        await self._write(_delete, self._root, key)

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        check_prefix(prefix)
        found = _walk(self._root, prefix)
        try:
            while batch := await self._read(lambda: [*islice(found, LIST_BATCH)]):
                for info in batch:
                    yield info
        finally:
            found.close()

    async def leftovers(self, older_than_ms: int) -> int:
        return await self._read(lambda: sum(1 for _ in _old(self._temporary, older_than_ms)))

    async def sweep(self, older_than_ms: int) -> int:
        return await self._write(_sweep, self._temporary, older_than_ms)

    def close(self) -> None:
        """Wait for what is under way, then release the threads."""
        self._writers.shutdown()
        self._readers.shutdown()

    async def _read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await in_thread(self._readers, lambda: call(*args, **kwargs))

    async def _write(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await in_thread(self._writers, lambda: call(*args, **kwargs))


class _Draft:
    """One write: a temporary file that becomes a blob or goes. Every method blocks."""

    def __init__(self, root: Path, key: str) -> None:
        self._root = root
        self._key = key
        self._target = root / key
        self._temporary = root / TEMPORARY / secrets.token_hex(16)
        self._descriptor: int | None = None
        self._linked = False

    def open(self) -> None:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        self._descriptor = os.open(self._temporary, flags, 0o600)

    def write(self, batch: bytes) -> None:
        assert self._descriptor is not None
        rest = memoryview(batch)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def commit(self) -> BlobInfo:
        assert self._descriptor is not None
        os.fsync(self._descriptor)
        status = os.fstat(self._descriptor)
        self._close()
        self._link()
        self._temporary.unlink()
        with suppress(FileNotFoundError):  # deleted already, and its directory with it
            for directory in parents(self._root, self._target):
                sync(directory)
        return info_of(self._key, status)

    def abandon(self) -> None:
        self._close()
        self._temporary.unlink(missing_ok=True)
        if self._linked:
            self._target.unlink(missing_ok=True)
        prune(self._root, self._target)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _link(self) -> None:
        try:
            link_new(self._root, self._temporary, self._target)
        except (FileExistsError, NotADirectoryError) as error:
            raise occupied(self._target, self._key) from error
        self._linked = True


class _OpenBlob:
    """A blob being read; it can be read to its end though it is deleted meanwhile."""

    def __init__(self, root: Path, key: str) -> None:
        self._path = root / key
        self._key = key
        self._descriptor: int | None = None

    def open(self) -> BlobInfo:
        with _absence(self._key):
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        if not S_ISREG(status.st_mode):
            raise _not_found(self._key)
        return info_of(self._key, status)

    def read(self, position: int, size: int) -> bytes:
        assert self._descriptor is not None
        return os.pread(self._descriptor, size, position)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def occupied(target: Path, key: str) -> CalotypeError:
    if target.is_file():
        return AlreadyExists("there is a blob under this key; it stays as it is", key=key)
    return Invalid("one blob's key cannot be another's directory", field="key", key=key)


async def batched(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    pending = bytearray()
    async for chunk in chunks:
        if not pending and len(chunk) >= WRITE_BATCH:
            yield chunk
            continue
        pending += chunk
        if len(pending) >= WRITE_BATCH:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


def _stat(root: Path, key: str) -> BlobInfo:
    with _absence(key):
        status = (root / key).stat()
    if not S_ISREG(status.st_mode):
        raise _not_found(key)
    return info_of(key, status)


def _read_part(root: Path, key: str, start: int, size: int) -> BlobPart:
    file = _OpenBlob(root, key)
    try:
        return BlobPart(file.open(), file.read(start, size))
    finally:
        file.close()


def _delete(root: Path, key: str) -> None:
    path = root / key
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        if path.is_dir():
            return
        raise
    prune(root, path)
    for directory in parents(root, path):
        with suppress(FileNotFoundError):
            sync(directory)
            return


def _walk(root: Path, prefix: str) -> Generator[BlobInfo, None, None]:
    """The blobs under `prefix`, depth first: as many directories open as the keys are deep."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(root / prefix) as entries:
        for entry in entries:
            key = prefix + entry.name
            if key in RESERVED:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(root, f"{key}/")
            elif entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    yield info_of(key, entry.stat(follow_symlinks=False))


def _sweep(temporary: Path, older_than_ms: int) -> int:
    removed = 0
    for path in _old(temporary, older_than_ms):
        with suppress(FileNotFoundError):
            path.unlink()
            removed += 1
    return removed


def _old(temporary: Path, older_than_ms: int) -> Iterator[Path]:
    with os.scandir(temporary) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if modified_ms(entry.stat(follow_symlinks=False)) < older_than_ms:
                    yield Path(entry)


def info_of(key: str, status: os.stat_result) -> BlobInfo:
    return BlobInfo(key=key, size=status.st_size, modified_ms=modified_ms(status))


def modified_ms(status: os.stat_result) -> int:
    return status.st_mtime_ns // 1_000_000


def _bad_range() -> Invalid:
    return Invalid("a range of a blob is counted from 0 upwards", field="range")


def _not_found(key: str) -> NotFound:
    return NotFound("there is no such blob", key=key)


@contextmanager
def _absence(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _not_found(key) from error
