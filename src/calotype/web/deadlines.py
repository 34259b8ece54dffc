"""The time that a request may take, as `asyncio.timeout` keeps it, at a tenth of its price.

All requests get equally long, so they are over in the order in which they began: one timer, for
the oldest, serves them all (decision 012). For one event loop.
"""

import asyncio
from types import TracebackType


class Deadlines:
    """Ends what takes longer than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open: dict[Deadline, float] = {}  # in order of time
        self._timer: asyncio.TimerHandle | None = None

    def add(self, deadline: "Deadline") -> None:
        loop = asyncio.get_running_loop()
        at = self._open[deadline] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(at, self._expire)

    def discard(self, deadline: "Deadline") -> None:
        """The timer is left alone: it fires at most once in `seconds`, and finds the next."""
        self._open.pop(deadline, None)

    def _expire(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._open:
            deadline, at = next(iter(self._open.items()))
            if at > loop.time():
                self._timer = loop.call_at(at, self._expire)
                return
            del self._open[deadline]
            deadline.expire()


class Deadline:
    """The time of this task from entering on; once.

    Leaving it raises TimeoutError if the time was over and nobody else cancelled the task.
    """

    __slots__ = ("_cancelling", "_deadlines", "_task", "expired")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        self._deadlines.add(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if not self.expired:
            self._deadlines.discard(self)
            return
        others = self._task.uncancel() > self._cancelling
        if kind is asyncio.CancelledError and not others:
            raise TimeoutError from error

    def expire(self) -> None:
        self.expired = True
        self._task.cancel()
