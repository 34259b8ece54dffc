"""Figures across processes: a worker offers its own on a Unix socket, the web process fetches them.

Guarantees: what is fetched is true at that moment; a process that is gone or stuck is noticed
within the time given. Only the owner of the data directory can connect.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from calotype.connections.doorbell import socket_directory
from calotype.kernel.errors import Unavailable
from calotype.kernel.metrics import Family

# Generous: a histogram of 13 buckets is about 1 KiB.
MAX_BYTES = 4 * 1024 * 1024


def figures_path(directory: Path, role: str) -> Path:
    """Where the process of this role offers its figures; no doorbell, so not named `.sock`."""
    return socket_directory(directory) / f"{role}.figures"


async def offer_figures(path: Path, read: Callable[[], list[Family]]) -> asyncio.Server:
    """Answer each connection with what `read` says just then; the caller closes the server."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(msgspec.msgpack.encode(read()))
        writer.close()

    _make_room(path)
    return await asyncio.start_unix_server(answer, path)


def _make_room(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # a killed predecessor's


async def fetch_figures(path: Path, patience_s: float) -> list[Family]:
    """The figures that the process behind `path` offers.

    Raises:
        Unavailable: it is gone, or did not answer in time.
    """
    try:
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_unix_connection(path, limit=MAX_BYTES)
            try:
                return msgspec.msgpack.decode(await reader.read(), type=list[Family])
            finally:
                writer.close()
    except (OSError, TimeoutError, msgspec.MsgspecError) as error:
        raise Unavailable("a process does not tell its figures; it may be starting") from error
