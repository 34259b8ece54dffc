"""Processes under measurement: where they run, what they have used, what they weigh.

Linux only, but for what says otherwise.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class OneCore(Exception):
    """This machine has no core to spare for the load."""


def cores() -> set[int]:
    """Those that this process may run on; on other systems, all."""
    if sys.platform != "linux":
        return set(range(os.cpu_count() or 1))
    return os.sched_getaffinity(0)


def pin(cores_: set[int], pid: int = 0) -> None:
    """Run a process with all its threads on these cores, where the system can do that."""
    if sys.platform == "linux":
        for thread in Path(f"/proc/{pid or 'self'}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores_)


@contextmanager
def load_apart() -> Iterator[set[int]]:
    """Run this process, and what it starts, on one core; yields another one for the server.

    Raises:
        OneCore: there is no other one.
    """
    before = cores()
    if len(before) < 2:
        raise OneCore("this machine has one core; the load needs one of its own")
    server, load = sorted(before)[:2]
    pin({load})
    try:
        yield {server}
    finally:
        pin(before)


def cpu_seconds(pid: int) -> float:
    """What a process has used in all its threads; elsewhere than on Linux, time."""
    if sys.platform != "linux":
        return time.perf_counter()
    return time.clock_gettime(~pid << 3 | 2)  # as clock_getcpuclockid(3) makes it


def pss_bytes(pid: int) -> int:
    """Its share of the memory that it and others hold; 0 of one that is going."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
