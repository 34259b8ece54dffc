"""What a decoder gives up before it reads anyone's file.

Guarantees: memory beyond the limit kills the decoder alone; no core dump, no file written beyond
what its work is to write; on Linux the kernel ends it with its parent, and prefers it when the machine runs out of memory;
requests that people wait for go first on a busy processor.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_FILES = 64
_NICENESS = 5


def confine(
    memory_bytes: int,
    *,
    file_bytes: int = 0,
    cpu_seconds: int | None = None,
    niceness: int = _NICENESS,
) -> None:
    """Apply the limits to this process; they cannot be lifted again, and outlive an exec.

    Args:
        memory_bytes: most private memory (RLIMIT_DATA: not the mapped libraries, nor the address
            space that allocators reserve and never touch, so that the number means what it says).
        file_bytes: the longest file that may be written.
        cpu_seconds: most processor time of all threads together; None: whatever it takes.
        niceness: by how much others go first.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(niceness)
    _limit(resource.RLIMIT_DATA, memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    if cpu_seconds is not None:
        _limit(resource.RLIMIT_CPU, cpu_seconds)
    _limit(resource.RLIMIT_NOFILE, _FILES)


def silence() -> tuple[int, int]:
    """Move the protocol away from the standard streams, so that a stray print cannot break it.

    Returns: the descriptors to read requests from and to write answers to.
    """
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    return requests, answers


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(kind, (most, most))
