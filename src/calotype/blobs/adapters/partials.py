"""Partial blobs as files of the blob directory, one each, under `partial/`.

How much has come is the length of the file and nothing else. ext4, XFS and Btrfs let a file grow
on the disk only behind its data, so what a power cut leaves is always a beginning of what came.
A piece that is checked as a whole is marked by a symbolic link to where it begins, which is made
before its first byte, all at once, and goes when the piece is known to be good.
"""

import fcntl
import os
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from calotype.blobs.adapters.blocking import in_thread, translated
from calotype.blobs.adapters.directories import (
    link_new,
    make_durable_directory,
    parents,
)
from calotype.blobs.adapters.disk import WRITE_BATCH, info_of, modified_ms, occupied
from calotype.blobs.keys import PARTIAL, check_key
from calotype.blobs.partials import Digest, Partial, PartialInfo
from calotype.blobs.store import BlobInfo
from calotype.kernel.durable import sync
from calotype.kernel.errors import AlreadyExists, Busy, DamagedChunk, Invalid, NotFound

T = TypeVar("T")
P = ParamSpec("P")

THREADS = 4
SCAN_CHUNK = 256 * 1024
MARK = ".from"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


class DiskPartials:
    """A PartialStore in the directory `root` of a DiskBlobs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._directory = root / PARTIAL
        with translated():
            make_durable_directory(self._directory)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="blob-partial")

    async def create(self, name: str) -> None:
        await self._run(_create, self._path(name))

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Partial]:
        held = _Held(self._root, self._path(name), self._threads)
        try:
            await self._run(held.open)
            yield held
        finally:
            held.close()

    async def size(self, name: str) -> int:
        return await self._run(_durable_size, self._path(name))

    async def discard(self, name: str) -> None:
        await self._run(_discard, self._path(name))

    async def list(self) -> AsyncIterator[PartialInfo]:
        for info in await self._run(_infos, self._directory):
            yield info

    def close(self) -> None:
        """Wait for what is under way, then release the threads."""
        self._threads.shutdown()

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Invalid("a partial blob's name is letters, digits, '_' and '-'", field="name")
        return self._directory / name

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await in_thread(self._threads, lambda: call(*args, **kwargs))


class _Held:
    """One file, locked for as long as it is open."""

    def __init__(self, root: Path, path: Path, threads: ThreadPoolExecutor) -> None:
        self._root = root
        self._path = path
        self._threads = threads
        self._descriptor = -1
        self.size = 0

    def open(self) -> None:
        with _absence():
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._lock()
            self.size = _size(self._path, self._descriptor)
            if self.size < os.fstat(self._descriptor).st_size:
                # What a broken writer left unchecked goes before anything else comes.
                self._cut(self.size)
            os.fsync(self._descriptor)
            _unmark(self._path)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    async def append(self, chunks: AsyncIterable[bytes], digest: Digest | None = None) -> None:
        start = self.size
        if digest is not None:
            await self._run(_mark, self._path, start)
        batch = bytearray()
        try:
            async for chunk in chunks:
                batch += chunk
                if len(batch) >= WRITE_BATCH:
                    ready, batch = batch, bytearray()
                    await self._run(self._write, start, ready, digest)
        except BaseException:
            await self._run(self._break_off, start, batch, keep=digest is None)
            raise
        await self._run(self._complete, start, batch, digest)

    async def clear(self) -> None:
        await self._run(self._settle, 0, keep=False)

    async def scan(self, look: Callable[[bytes], None]) -> None:
        await self._run(self._scan, look)

    async def place(self, key: str) -> BlobInfo:
        check_key(key)
        return await self._run(self._place, key)

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await in_thread(self._threads, lambda: call(*args, **kwargs))

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy("another request is at this upload; try again", retry_after=1) from error
        with _absence():
            if not os.path.samestat(self._path.stat(), os.fstat(self._descriptor)):
                raise _not_found()

    def _break_off(self, start: int, rest: bytearray, *, keep: bool) -> None:
        if keep:
            self._write(start, rest, None)
        self._settle(start, keep=keep)

    def _complete(self, start: int, rest: bytearray, digest: Digest | None) -> None:
        self._write(start, rest, digest)
        agrees = digest is None or digest.agrees()
        self._settle(start, keep=agrees)
        if not agrees:
            raise DamagedChunk("the piece does not have its checksum; send it again")

    def _write(self, start: int, batch: bytearray, digest: Digest | None) -> None:
        if digest is not None:
            digest.update(batch)
        rest = memoryview(batch)
        try:
            while rest:
                written = os.pwrite(self._descriptor, rest, self.size)
                self.size += written
                rest = rest[written:]
        except OSError:
            # What is not acknowledged gives back its room, so that the rest of the house can go on.
            self._settle(start, keep=False)
            raise

    def _settle(self, start: int, *, keep: bool) -> None:
        if not keep:
            self._cut(start)
        try:
            os.fsync(self._descriptor)
        except OSError:
            # After a failed fsync pages may be lost although the length stays, and a later fsync
            # reports nothing of it.
            self._cut(start)
            raise
        _unmark(self._path)

    def _cut(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)
        self.size = size

    def _scan(self, look: Callable[[bytes], None]) -> None:
        position = 0
        while chunk := os.pread(self._descriptor, SCAN_CHUNK, position):
            look(chunk)
            position += len(chunk)

    def _place(self, key: str) -> BlobInfo:
        target = self._root / key
        status = os.fstat(self._descriptor)
        with _absence():
            self._path.stat()
        try:
            link_new(self._root, self._path, target)
        except FileExistsError as error:
            if not (target.is_file() and os.path.samestat(target.stat(), status)):
                raise occupied(target, key) from error
        except NotADirectoryError as error:
            raise occupied(target, key) from error
        for directory in parents(self._root, target):
            sync(directory)
        return info_of(key, status)


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError as error:
        raise AlreadyExists("there is a partial blob of this name", name=path.name) from error
    sync(path.parent)


def _durable_size(path: Path) -> int:
    with _absence():
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # In this order: what comes while fsync waits is not promised.
        size = _size(path, descriptor)
        os.fsync(descriptor)
        return size
    finally:
        os.close(descriptor)


def _size(path: Path, descriptor: int) -> int:
    length = os.fstat(descriptor).st_size
    try:
        return min(length, int(os.readlink(_mark_of(path))))  # noqa: PTH115
    except FileNotFoundError:
        return length


def _mark_of(path: Path) -> Path:
    return path.with_name(path.name + MARK)


def _mark(path: Path, start: int) -> None:
    with suppress(FileExistsError):
        _mark_of(path).symlink_to(str(start))
    sync(path.parent)


def _unmark(path: Path) -> None:
    with suppress(FileNotFoundError):
        _mark_of(path).unlink()
        sync(path.parent)


def _discard(path: Path) -> None:
    for each in (path, _mark_of(path)):
        each.unlink(missing_ok=True)
    sync(path.parent)


def _infos(directory: Path) -> list[PartialInfo]:
    infos = []
    with os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                infos.append(PartialInfo(entry.name.removesuffix(MARK), modified_ms(status)))
    return infos


@contextmanager
def _absence() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise _not_found() from error


def _not_found() -> NotFound:
    return NotFound("there is no such partial blob")
