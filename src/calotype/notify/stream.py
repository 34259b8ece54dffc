"""The live stream: a person's notices as they come, and how far their videos are."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from calotype.connections.doorbell import Listener
from calotype.notify.notices import Notice, NoticeStore, topic
from calotype.posts.store import Advance, PostStore

BATCH = 100


@dataclass(frozen=True)
class LiveStream:
    """The use case, with what it works on. `listen` hears a doorbell's topic."""

    notices: NoticeStore
    posts: PostStore
    listen: Callable[[str], Listener]

    async def follow(
        self, user_id: int, last_id: int | None, heartbeat_s: float
    ) -> AsyncIterator[Notice | Advance | None]:
        """Notices after `last_id` (from now on if None), then new ones; None is a heartbeat.

        Between them the advances of videos that are being made, each once; none is kept, so a
        stream that comes back hears of the present one.
        """
        listener = self.listen(topic(user_id))
        try:
            position = await self.notices.newest(user_id) if last_id is None else last_id
            told: dict[int, int] = {}
            while True:
                batch = await self.notices.after(user_id, position, BATCH)
                for notice in batch:
                    position = notice.notice_id
                    yield notice
                for advance in await self.posts.advances(user_id, BATCH):
                    if told.get(advance.media_id) != advance.percent:
                        told[advance.media_id] = advance.percent
                        yield advance
                # A lost ring delays a notice to the next heartbeat, no longer.
                if not batch and not await listener.wait(heartbeat_s):
                    yield None
        finally:
            listener.close()
