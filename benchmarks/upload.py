"""Uploads: how long many at once wait for their 201, and what large ones cost in memory."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.load import Connection, percentile, request_of
from benchmarks.processes import pss_bytes
from benchmarks.report import Report
from tests import photos
from tests.server import Person, Server

DESCRIPTION = "3 MB photos, 20 at once, fsync on, worker at work; memory of 50 MB ones"

AT_ONCE = 20
ROUNDS = 3
LARGE = 50_000_000
_BOUNDARY = b"----calotype"


def run(report: Report) -> None:
    # Nothing is switched off: files and directories are synced before each 201, and the worker
    # makes the renditions of what has arrived on the same cores.
    photo = photos.camera_jpeg.__wrapped__(quality=94)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        pid, author = server.children()["web"], server.person("author")
        asyncio.run(_upload(author, [photo]))
        seconds = asyncio.run(_upload(author, [photo] * AT_ONCE, ROUNDS))
        report.figure("photo", len(photo) / 1e6, "MB")
        report.figure("p50", percentile(seconds, 0.5) * 1000, "ms")
        report.figure("p95", percentile(seconds, 0.95) * 1000, "ms", at_most=500)
        # What follows a JPEG's end is not looked at, but kept.
        large = photos.small_jpeg().ljust(LARGE, b"\0")
        one = asyncio.run(_peak_pss(pid, author, [large]))
        many = asyncio.run(_peak_pss(pid, author, [large] * AT_ONCE))
        server.stop()
    report.figure("pss_1_of_50_mb", one / 2**20, "MiB")
    report.figure("pss_20_of_50_mb", many / 2**20, "MiB")
    report.figure("pss_growth", (many - one) / 2**20, "MiB", at_most=32)


async def _peak_pss(pid: int, author: Person, files: Sequence[bytes]) -> int:
    """The most that the web process held, in bytes, looked at every 20 ms."""
    peak = 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, await asyncio.to_thread(pss_bytes, pid))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    await _upload(author, files)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return peak


async def _upload(author: Person, files: Sequence[bytes], rounds: int = 1) -> list[float]:
    """Seconds from the first byte of each upload to its 201; one connection a file."""
    url = f"{author.http.base_url}posts"
    each = await asyncio.gather(*(_post(author, url, file, rounds) for file in files))
    return [seconds for taken in each for seconds in taken]


async def _post(author: Person, url: str, file: bytes, rounds: int) -> list[float]:
    request = request_of(
        "POST",
        url,
        {
            "Authorization": author.http.headers["Authorization"],
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY.decode()}",
        },
        _form(file),
    )
    connection = await Connection.open(url)
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        status, body = await connection.ask(request)
        taken.append(time.perf_counter() - started)
        assert status == 201, body
    connection.close()
    return taken


def _form(file: bytes) -> bytes:
    head = b'Content-Disposition: form-data; name="mediaFile"; filename="photo.jpg"'
    return b"--%b\r\n%b\r\n\r\n%b\r\n--%b--\r\n" % (_BOUNDARY, head, file, _BOUNDARY)
