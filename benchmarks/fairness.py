"""One account's photo behind another's five hundred, over HTTP: from its 201 until it is published.

The five hundred are queued while the worker stands still, so that all of them are there; then
single photos come one after the other, while most of the five hundred still wait.
"""

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import Report
from tests import photos
from tests.server import Person, Server, eventually

DESCRIPTION = "one account's 12 MP photo behind another's 500, against an idle queue"

QUEUED = 500
CAROUSEL = 10
SINGLES = 7


def run(report: Report) -> None:
    photo = photos.camera_jpeg.__wrapped__(quality=75)
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        patient, busy = server.person("patient"), server.person("busy")
        _published_s(patient, photo)  # the first starts a decoder
        idle = [_published_s(patient, photo) for _ in range(SINGLES)]
        with _standing_still(server):
            for _ in range(QUEUED // CAROUSEL):
                busy.post(*[photo] * CAROUSEL)
        behind = [_published_s(patient, photo) for _ in range(SINGLES)]
        left = _processing(busy)
    report.figure("idle_queue", statistics.median(idle), "s")
    report.figure(
        "behind_500", statistics.median(behind), "s", ceiling=statistics.median(idle), at_most=3
    )
    report.figure("slowest_behind_500", max(behind), "s")
    report.figure("posts_still_queued", left, "posts", at_least=QUEUED // CAROUSEL // 2)


def _published_s(author: Person, photo: bytes) -> float:
    created = author.post(photo)["postId"]
    started = time.perf_counter()

    def published() -> bool:
        return bool(author.read(f"/posts/{created}")["status"] == "PUBLISHED")

    eventually(published, created)
    return time.perf_counter() - started


def _processing(author: Person) -> int:
    """How many of an author's posts are not published yet."""
    profile = author.read(f"/users/{author.id}/profile")
    return QUEUED // CAROUSEL - int(profile["postCount"])


@contextmanager
def _standing_still(server: Server) -> Iterator[None]:
    worker = server.children()["worker"]
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)
