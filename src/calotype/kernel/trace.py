"""The id of the request that work goes back to, through threads, jobs and events.

It says nothing about anybody, and nothing may be decided by it: a client can choose its own.
"""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MAX_TRACE = 64

_SANE = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_TRACE}}}")
_current: ContextVar[str] = ContextVar("trace", default="")


def new_trace() -> str:
    return f"{random.getrandbits(64):016x}"  # a name, no secret: 0.3 us, not 1.5


def is_sane(text: str) -> bool:
    """Whether a client's own id may stand in our logs and rows: 1 to 64 of letters, digits, dots, _ and -."""
    return _SANE.fullmatch(text) is not None


def current_trace() -> str:
    """The id that this work goes back to; empty where nobody asked for it, as in a routine."""
    return _current.get()


def begin_trace(trace: str) -> None:
    """The rest of this task, and what it starts, goes back to `trace`."""
    _current.set(trace)


@contextmanager
def tracing(trace: str) -> Iterator[None]:
    """Everything within, tasks that it starts included, goes back to `trace`."""
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)
