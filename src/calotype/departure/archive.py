"""A zip file that is sent as it is made: nothing of it is kept but the list of its entries."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from calotype.kernel.clock import to_datetime


@dataclass(frozen=True)
class Entry:
    """A file of an archive. `size` in bytes as far as it is known before; beyond 2 GiB it must be."""

    name: str
    made_ms: int
    chunks: AsyncIterator[bytes]
    size: int = 0


class _Sink:
    """What the zip writer takes for a file that cannot be wound back."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._written.append(data)
        return len(data)

    def flush(self) -> None:
        """There is nowhere to flush to."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken


async def zipped(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    """The archive's bytes, in chunks about as large as the entries'.

    Nothing is compressed: photos and videos are already. Memory: a chunk, and some 500 bytes an
    entry for the list at the end. Where an entry raises, the archive ends without its list, and
    every program sees that it is cut.
    """
    sink = _Sink()
    archive = ZipFile(sink, "w", ZIP_STORED)
    async for entry in entries:
        info = ZipInfo(entry.name, to_datetime(entry.made_ms).timetuple()[:6])
        info.file_size = entry.size
        with archive.open(info, "w") as file:
            async for chunk in entry.chunks:
                file.write(chunk)
                yield sink.take()
    archive.close()
    yield sink.take()
