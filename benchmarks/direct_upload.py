"""Direct uploads: how fast many large files reach the disk at once, and what they take of the server.

The ceiling is the store alone: a bare server that hands what comes over its sockets to the same
partial blobs, which write and fsync it in the same way, and does nothing else.
`python -m benchmarks.direct_upload PORT FOLDER` is that server.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.load import request_of
from benchmarks.processes import cpu_seconds, pss_bytes
from benchmarks.report import Report
from calotype.blobs.adapters.partials import DiskPartials
from tests import photos
from tests.server import Person, Server, eventually, free_port

DESCRIPTION = "50 MB files, 20 at once, by signed URL and by tus: rate, CPU a MB, memory"

AT_ONCE = 20
SIZE = 50_000_000
ROUNDS = 2
_SLICE = 256 * 1024
_READ = 64 * 1024

Send = Callable[[bytes], Awaitable[None]]


def run(report: Report) -> None:
    # What follows a JPEG's end is not looked at, but kept.
    photo = photos.small_jpeg().ljust(SIZE, b"\0")
    with tempfile.TemporaryDirectory() as folder:
        with bare_store(Path(folder) / "bare") as (port, pid):
            ceiling = _measured(pid, photo, partial(_raw, port))
        report.figure("bare_cpu", ceiling.cpu_ms, "ms/MB")
        with Server(Path(folder) / "data") as server:
            pid, author = server.children()["web"], server.person("author")
            for way, send in (("signed", _signed), ("tus", _resumable)):
                ours = _measured(pid, photo, partial(send, author))
                report.figure(f"{way}_rate", ours.rate, "MB/s", ceiling=ceiling.rate, at_least=0.6)
                report.figure(f"{way}_cpu", ours.cpu_ms, "ms/MB")
                one = _peak_pss(pid, photo, partial(send, author), 1)
                many = _peak_pss(pid, photo, partial(send, author), AT_ONCE)
                report.figure(f"{way}_pss_20_at_once", many / 2**20, "MiB")
                report.figure(f"{way}_pss_growth", (many - one) / 2**20, "MiB", at_most=32)


class Measured(msgspec.Struct, frozen=True):
    """MB a second of all together, at best; the server's CPU time for a MB, at least."""

    rate: float
    cpu_ms: float


def _measured(pid: int, photo: bytes, send: Send) -> Measured:
    asyncio.run(_all(photo, send, 1))
    rates, cpu = [], []
    megabytes = AT_ONCE * SIZE / 1e6
    for _ in range(ROUNDS):
        used, started = cpu_seconds(pid), time.perf_counter()
        asyncio.run(_all(photo, send, AT_ONCE))
        rates.append(megabytes / (time.perf_counter() - started))
        cpu.append((cpu_seconds(pid) - used) / megabytes * 1000)
    return Measured(max(rates), min(cpu))


def _peak_pss(pid: int, photo: bytes, send: Send, at_once: int) -> int:
    """The most that the web process held meanwhile, in bytes, looked at every 20 ms."""

    async def watched() -> int:
        sending = asyncio.create_task(_all(photo, send, at_once))
        peak = 0
        while not sending.done():
            peak = max(peak, await asyncio.to_thread(pss_bytes, pid))
            await asyncio.wait([sending], timeout=0.02)
        await sending
        return peak

    return asyncio.run(watched())


async def _all(photo: bytes, send: Send, at_once: int) -> None:
    await asyncio.gather(*(send(photo) for _ in range(at_once)))


async def _signed(author: Person, photo: bytes) -> None:
    upload = await _ask(author, "POST", "/uploads", {}, json={"bytes": len(photo)})
    url = str(author.http.base_url.copy_with(path="/")).rstrip("/") + upload["url"]
    await _body(request_of("PUT", url, {"Content-Length": str(len(photo))}), url, photo)
    await _forget(author, upload["uploadId"])


async def _resumable(author: Person, photo: bytes) -> None:
    tus = {"Tus-Resumable": "1.0.0"}
    length = {"Upload-Length": str(len(photo))}
    answer = await asyncio.to_thread(author.http.post, "/uploads/tus", headers=tus | length)
    url = str(author.http.base_url.copy_with(path=answer.headers["Location"]))
    head = {
        **tus,
        "Authorization": author.http.headers["Authorization"],
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": "0",
        "Content-Length": str(len(photo)),
    }
    await _body(request_of("PATCH", url, head), url, photo)
    await _forget(author, url.rpartition("/")[2])


async def _forget(author: Person, upload_id: str) -> None:
    answer = await asyncio.to_thread(author.http.delete, f"/uploads/{upload_id}")
    assert answer.status_code == 204, answer.text


async def _ask(
    author: Person, verb: str, path: str, headers: dict[str, str], **content: Any
) -> Any:
    answer = await asyncio.to_thread(author.http.request, verb, path, headers=headers, **content)
    assert answer.is_success, answer.text
    return answer.json()


async def _raw(port: int, photo: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await _write(writer, photo)
    writer.write_eof()
    assert await reader.read() == b"kept"
    writer.close()


async def _body(head: bytes, url: str, photo: bytes) -> None:
    """Send a request whose body need not be copied for it."""
    port = int(url.split(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    await _write(writer, photo)
    status = (await reader.readline()).split()[1]
    assert status in {b"200", b"204"}, status
    writer.close()


async def _write(writer: asyncio.StreamWriter, photo: bytes) -> None:
    view = memoryview(photo)
    for start in range(0, len(view), _SLICE):
        writer.write(view[start : start + _SLICE])
        await writer.drain()


@contextmanager
def bare_store(folder: Path) -> Iterator[tuple[int, int]]:
    """The port and the pid of the store alone."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.direct_upload", str(port), str(folder)]
    with subprocess.Popen(command) as process:
        try:
            eventually(lambda: _listens(port), "the bare store")
            yield port, process.pid
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with suppress(OSError):
        asyncio.run(_raw(port, b""))
        return True
    return False


async def _serve(port: int, folder: Path) -> None:
    partials = DiskPartials(folder)
    names = iter(range(sys.maxsize))

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            while chunk := await reader.read(_READ):
                yield chunk

        name = str(next(names))
        await partials.create(name)
        async with partials.hold(name) as held:
            await held.append(chunks())
            await held.place(f"originals/{name}")
        await partials.discard(name)
        (folder / "originals" / name).unlink()
        writer.write(b"kept")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
