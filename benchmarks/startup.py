"""Starting up, on an empty directory and on one in use, and what the idle process tree weighs."""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.report import Report
from tests import photos
from tests.server import Server, eventually

DESCRIPTION = "seconds until ready, and PSS of the whole process tree when idle"

STARTS = 5


def run(report: Report) -> None:

    with tempfile.TemporaryDirectory() as folder:
        firsts = [_start(Server(Path(folder) / str(number))) for number in range(STARTS)]
        again = [_start(Server(Path(folder) / "0")) for _ in range(STARTS)]
        report.figure("first_start", statistics.median(firsts), "s", at_most=2)
        report.figure("next_start", statistics.median(again), "s", at_most=2)

        server = Server(Path(folder) / "idle", {"CALOTYPE_MEDIA_IDLE_SECONDS": "1"}).start()
        assert server.process is not None
        pid = server.process.pid
        report.figure("pss_idle_fresh", _tree_mb(pid), "MB", at_most=250)
        author = server.person("author")
        for seed in range(4):
            author.settled(author.post(photos.camera_jpeg.__wrapped__(seed=seed))["postId"])
        author.feed_ids()
        eventually(lambda: len(_tree(pid)) == 3, "the decoders to leave")
        report.figure("pss_idle_after_work", _tree_mb(pid), "MB", at_most=250)
        server.stop()


def _start(server: Server) -> float:
    started = time.perf_counter()
    server.start()
    seconds = time.perf_counter() - started
    server.stop()
    return seconds


def _tree_mb(pid: int) -> float:
    return sum(_pss_bytes(each) for each in _tree(pid)) / 1e6


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _tree(int(child)))]


def _pss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
