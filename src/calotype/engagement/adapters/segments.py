"""The log of impressions in files: segments of JSON lines in one directory.

Several processes may append to one directory: a lock file orders them. A segment is full at 16 MiB;
its name is the time of its beginning. Every write is followed by an fsync, of the directory too when
it begins a segment.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import msgspec

from calotype.engagement.impressions import Entry
from calotype.kernel.clock import Clock
from calotype.kernel.durable import sync
from calotype.kernel.errors import Unavailable
from calotype.kernel.gathering import Gatherer

SEGMENT_BYTES = 16 * 1024 * 1024
DELAY_S = 1.0
MOST = 2_000  # entries a write
KEPT_MS = 30 * 86_400_000
_SUFFIX = ".jsonl"
_encoder = msgspec.json.Encoder()


class _Reader(msgspec.Struct):
    reader: int


_reader = msgspec.json.Decoder(_Reader)


class SegmentLog:
    """ImpressionLog over a directory, which is made when there is something to keep."""

    def __init__(
        self, directory: Path, clock: Clock, *, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._gatherer: Gatherer[Entry] = Gatherer(self._write, delay_s=DELAY_S, most=MOST)

    def append(self, entries: Sequence[Entry]) -> None:
        self._gatherer.add(entries)

    async def flush(self) -> None:
        await self._gatherer.flush()

    async def sweep(self) -> None:
        await self._in_thread(self._sweep)

    async def forget(self, user_id: int) -> None:
        await self._in_thread(lambda: self._forget(user_id))

    async def _write(self, entries: Sequence[Entry]) -> None:
        await self._in_thread(lambda: self._append(entries))

    async def _in_thread(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(work)
        except OSError as error:
            raise Unavailable(f"impressions cannot be written: {error.strerror}") from error

    def _append(self, entries: Sequence[Entry]) -> None:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        with self._locked():
            segments = self._segments()
            fresh = not segments or segments[-1].stat().st_size >= self._segment_bytes
            # Named by a time that is above the last one's, also when the clock was set back.
            last_ms = int(segments[-1].stem) if segments else 0
            name = f"{max(self._clock.now_ms(), last_ms + 1):015}{_SUFFIX}"
            segment = self._directory / name if fresh else segments[-1]
            _put(segment, b"".join(_encoder.encode(entry) + b"\n" for entry in entries), "ab")
            if fresh:
                sync(self._directory)

    def _forget(self, user_id: int) -> None:
        if not self._directory.exists():
            return
        sign = str(user_id).encode()
        for segment in self._segments():
            with self._locked():
                whole = segment.read_bytes() if segment.exists() else b""
                if sign not in whole:
                    continue
                kept = b"".join(
                    line for line in whole.splitlines(keepends=True) if not _is_of(line, user_id)
                )
                fresh = segment.with_suffix(".part")
                _put(fresh, kept, "wb")
                fresh.replace(segment)
                sync(self._directory)

    def _sweep(self) -> None:
        if not self._directory.exists():
            return
        horizon = self._clock.now_ms() - KEPT_MS
        with self._locked():
            segments = self._segments()
            # A segment ends where the next one begins; the last one may still grow.
            for segment, following in pairwise(segments):
                if int(following.stem) < horizon:
                    segment.unlink()

    def _segments(self) -> list[Path]:
        return sorted(self._directory.glob(f"*{_SUFFIX}"))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _is_of(line: bytes, user_id: int) -> bool:
    """Whether it tells of this reader; a line cut short by a power cut tells of nobody we know."""
    try:
        return _reader.decode(line).reader == user_id
    except msgspec.DecodeError:
        return str(user_id).encode() in line


def _put(path: Path, data: bytes, mode: str) -> None:
    with path.open(mode) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
