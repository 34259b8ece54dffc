"""The live stream: a person's notices as they come."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from calotype.connections.doorbell import Listener
from calotype.notify.notices import Notice, NoticeStore, topic

BATCH = 100


@dataclass(frozen=True)
class LiveStream:
    """The use case, with what it works on. `listen` hears a doorbell's topic."""

    notices: NoticeStore
    listen: Callable[[str], Listener]

    async def follow(
        self, user_id: int, last_id: int | None, heartbeat_s: float
    ) -> AsyncIterator[Notice | None]:
        """Notices after `last_id` (from now on if None), then new ones; None is a heartbeat."""
        listener = self.listen(topic(user_id))
        try:
            position = await self.notices.newest(user_id) if last_id is None else last_id
            while True:
                batch = await self.notices.after(user_id, position, BATCH)
                for notice in batch:
                    position = notice.notice_id
                    yield notice
                # A lost ring delays a notice to the next heartbeat, no longer.
                if not batch and not await listener.wait(heartbeat_s):
                    yield None
        finally:
            listener.close()
