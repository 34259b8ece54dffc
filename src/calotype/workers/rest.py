"""When a lane rests: what it works with is full or away, and its work is not to blame."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from calotype.kernel.errors import DecoderCrashed, Unavailable
from calotype.kernel.trouble import Trouble

log = logging.getLogger("calotype.workers")

# After a failure of what the lane works with (a full disk, a busy database).
PAUSE_S = 2.0


def is_blameless(error: Exception) -> bool:
    """Whether work failed for what it was done with. A decoder dies of its picture, most likely."""
    return isinstance(error, Unavailable) and not isinstance(error, DecoderCrashed)


class Rest:
    """One lane's rest. For the event loop's thread alone."""

    def __init__(self, lane: str) -> None:
        self._trouble = Trouble(log, f"lane {lane} rests")
        self._until = 0.0
        self._unsettled = 0

    @property
    def seconds(self) -> float:
        """How long nothing should be begun; 0 if there is no reason not to."""
        return PAUSE_S if self._unsettled else max(0.0, self._until - time.monotonic())

    def met(self, error: Exception) -> None:
        self._until = time.monotonic() + PAUSE_S
        self._trouble.met(error)

    def over(self) -> None:
        self._trouble.over()

    async def insist(self, settle: Callable[[], Awaitable[bool | None]]) -> bool | None:
        """Settle a piece of work, tried until there is room for it; its answer.

        To let go instead would cost a try: its lease would run out. Meanwhile the lane begins
        nothing, or it would lease the same piece again.
        """
        self._unsettled += 1
        try:
            while True:
                try:
                    return await settle()
                except Unavailable as error:
                    self.met(error)
                await asyncio.sleep(PAUSE_S)
        finally:
            self._unsettled -= 1
