"""Blocking calls to a disk: in a thread, with the system's errors translated."""

import asyncio
import errno
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from calotype.kernel.errors import ReadOnly, StorageFull, Unavailable
from calotype.kernel.shielding import to_the_end

T = TypeVar("T")


async def in_thread(pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    def in_our_words() -> T:
        with translated():
            return call()

    return await to_the_end(asyncio.get_running_loop().run_in_executor(pool, in_our_words))


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            message = "the disk that holds the blobs is full, or its quota is; free some room"
            raise StorageFull(message) from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            message = (
                "the blob directory refuses this; it must be writable by this user, "
                "on a file system with hard links that is not mounted read-only"
            )
            raise ReadOnly(message) from error
        raise Unavailable(f"the disk that holds the blobs failed: {error.strerror}") from error
