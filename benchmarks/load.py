"""Load: many connections that ask for one thing again and again, each as soon as it was answered.

`wrk` where it is on the PATH, since it takes the least of the machine; else a client of our own,
which reaches a few thousand answers a second and makes the server look slower than it is.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

_SUMMARY = Path(__file__).with_name("wrk_summary.lua")


class Answers(msgspec.Struct, frozen=True):
    """What came of it; latencies in milliseconds."""

    answers: int
    seconds: float
    median_ms: float
    p99_ms: float
    failed: int

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


def ask(url: str, headers: Mapping[str, str], connections: int, seconds: int) -> Answers:
    """GET `url` over so many connections for so long; every answer must be a 2xx."""
    if shutil.which("wrk") is None:
        return ask_each(url, [[headers]] * connections, seconds)
    return _sound(_wrk(url, headers, connections, seconds))


def ask_each(url: str, headers: Sequence[Sequence[Mapping[str, str]]], seconds: int) -> Answers:
    """The same with the client of our own; on each connection its headers take turns."""
    return _sound(asyncio.run(_ask(url, headers, seconds)))


def _sound(answers: Answers) -> Answers:
    assert not answers.failed, f"{answers.failed} of {answers.answers} requests failed"
    return answers


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that is not below `share` (0 to 1) of them all."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _wrk(url: str, headers: Mapping[str, str], connections: int, seconds: int) -> Answers:
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "30"]
    words += ["-s", str(_SUMMARY)]
    words += [f"-H{name}: {value}" for name, value in headers.items()]
    told = subprocess.run([*words, url], capture_output=True, text=True, check=True).stdout
    return msgspec.json.decode(told.splitlines()[-1], type=Answers)


async def _ask(url: str, headers: Sequence[Sequence[Mapping[str, str]]], seconds: int) -> Answers:
    until = time.perf_counter() + seconds
    each = await asyncio.gather(*(_repeat(url, own, until) for own in headers))
    taken = [latency for latencies, _ in each for latency in latencies]
    return Answers(
        answers=len(taken),
        seconds=seconds,
        median_ms=percentile(taken, 0.5) * 1000,
        p99_ms=percentile(taken, 0.99) * 1000,
        failed=sum(failed for _, failed in each),
    )


async def _repeat(
    url: str, headers: Sequence[Mapping[str, str]], until: float
) -> tuple[list[float], int]:
    """Latencies in seconds, and how many answers were no 2xx."""
    latencies, failed = [], 0
    connection = await Connection.open(url)
    requests = cycle([request_of("GET", url, each) for each in headers])
    while (started := time.perf_counter()) < until:
        status, _ = await connection.ask(next(requests))
        latencies.append(time.perf_counter() - started)
        failed += not 200 <= status < 300
    connection.close()
    return latencies, failed


def request_of(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    to = urlsplit(url)
    target = to.path + (f"?{to.query}" if to.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {to.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One kept alive. It understands answers with a Content-Length alone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, url: str) -> "Connection":
        to = urlsplit(url)
        return cls(*await asyncio.open_connection(to.hostname, to.port))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(request)
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        return int(head.split(b" ", 2)[1]), await self._reader.readexactly(int(length))

    def close(self) -> None:
        self._writer.close()
