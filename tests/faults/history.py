"""What clients asked for and what they were told: what the checks hold the server to."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    UPLOAD = "upload"
    RESUME = "resume"
    """An upload whose files come in pieces, before their post or behind it."""
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    EDIT = "edit"
    CANCEL = "cancel"
    LOOK = "look"


class Outcome(StrEnum):
    UNKNOWN = "unknown"
    """No answer came, or one that promises nothing: it may have happened, but happens no more."""
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


@dataclass
class Operation:
    """One operation of one person. Operations of a person follow one another."""

    number: int
    kind: Kind
    person: str
    target: str = ""
    """The post or the person that it is about."""
    caption: str = ""
    photos: tuple[int, ...] = ()
    key: str | None = None
    requests: int = 0
    outcome: Outcome = Outcome.UNKNOWN
    answer: dict[str, Any] = field(default_factory=dict)
    finding: str = ""
    """What was seen that must never be, whatever was killed."""


class History:
    """All operations in the order of their invocation; also the clock of the faults.

    Time passes by one at each invocation and at each end of an operation.
    """

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._time = 0
        self._passed = threading.Condition()
        self._over = False

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def invoke(self, operation: Operation) -> None:
        with self._passed:
            self._operations.append(operation)
        self._pass()

    def end(self, operation: Operation, outcome: Outcome, answer: dict[str, Any]) -> None:
        operation.outcome, operation.answer = outcome, answer
        self._pass()

    def close(self) -> None:
        """No more will come."""
        with self._passed:
            self._over = True
            self._passed.notify_all()

    def wait(self, ticks: int) -> bool:
        """Wait until so much time has passed; False if the history is over before."""
        with self._passed:
            until = self._time + ticks
            self._passed.wait_for(lambda: self._time >= until or self._over)
            return not self._over

    def _pass(self) -> None:
        with self._passed:
            self._time += 1
            self._passed.notify_all()
