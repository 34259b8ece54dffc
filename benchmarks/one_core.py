"""Two servers on one core, in turns, and the load from another: ours and its ceiling."""

from typing import NamedTuple

import httpx

from benchmarks.load import Answers, ask
from benchmarks.processes import cpu_seconds, pin
from benchmarks.report import Report

CONNECTIONS = 32
WARM_UP_S, SECONDS = 2, 8


class Target(NamedTuple):
    """What is asked for, and the process that answers."""

    url: str
    pid: int
    headers: dict[str, str]


def compare(
    report: Report, core: set[int], ours: Target, ceiling: Target, unit: str, at_least: float
) -> Answers:
    """Report answers a second and the server's CPU an answer; returns what came of ours."""
    for target in (ours, ceiling):
        pin(core, target.pid)
        _asked(target, WARM_UP_S)
    most, least_cpu_ms = _asked(ceiling, SECONDS)
    answers, cpu_ms = _asked(ours, SECONDS)
    report.figure("one_core", answers.per_second, unit, ceiling=most.per_second, at_least=at_least)
    # Beside the rate, since this holds on a machine that others use too.
    report.figure("cpu_an_answer", cpu_ms, "ms", ceiling=least_cpu_ms)
    report.figure("median", answers.median_ms, "ms")
    return answers


def _asked(target: Target, seconds: int) -> tuple[Answers, float]:
    before = cpu_seconds(target.pid)
    answers = ask(target.url, target.headers, CONNECTIONS, seconds)
    return answers, (cpu_seconds(target.pid) - before) / answers.answers * 1000


def is_up(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.ConnectError:
        return False
