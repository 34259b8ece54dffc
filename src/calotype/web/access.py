"""The access line: what is told of each answered request, and the port to where it is told."""

from typing import Protocol

import msgspec


class Answered(msgspec.Struct, frozen=True, gc=False):
    """One request that is over. `at_s` is its end, since the Unix epoch.

    `method` and `route` are of our tables and `request` is sane (kernel/trace.py), so that no
    part of it is anybody's words.
    """

    at_s: float
    request: str
    method: str
    route: str
    status: int
    ms: float
    bytes: int


class AccessLog(Protocol):
    """Tells of requests, in order. Never waits; a line may come later than it was given."""

    def tell(self, answered: Answered) -> None: ...
