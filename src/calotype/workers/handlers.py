"""The table of who does what: event or job -> handler."""

from dataclasses import dataclass

import msgspec

from calotype.feed.backfill import Backfill
from calotype.feed.fanout import FANOUT, FANOUT_LANE, Chunk, FanOut
from calotype.graph.events import FOLLOWED, EdgeChanged
from calotype.kernel.leases import Leased
from calotype.notify.tell import TellAuthor
from calotype.posts.create import PHOTO_LANE, PROCESS
from calotype.posts.events import FAILED, PUBLISHED, PostMoved
from calotype.posts.process import WORN_OUT, ProcessMedium
from calotype.posts.remake import REMAKE, RemakeRenditions
from calotype.posts.withdraw import PURGE, UPKEEP_LANE, WithdrawPost
from calotype.workers.lane import Handler

FEED_GROUP = "feed"
NOTIFY_GROUP = "notify"

# Which groups hear of which events; the event log delivers by this table.
GROUPS = {
    FEED_GROUP: frozenset({PUBLISHED, FOLLOWED}),
    NOTIFY_GROUP: frozenset({PUBLISHED, FAILED}),
}


@dataclass(frozen=True)
class Handlers:
    """The use cases that workers run, and the tables made of them."""

    process: ProcessMedium
    remake: RemakeRenditions
    withdraw: WithdrawPost
    fanout: FanOut
    backfill: Backfill
    author: TellAuthor

    def jobs(self) -> dict[str, dict[str, Handler]]:
        """By lane, by kind."""
        return {
            PHOTO_LANE: {
                PROCESS: Handler(self._process, self._process_worn_out),
                REMAKE: Handler(self._remake),
            },
            FANOUT_LANE: {FANOUT: Handler(self._push)},
            UPKEEP_LANE: {PURGE: Handler(self._purge)},
        }

    def events(self) -> dict[str, dict[str, Handler]]:
        """By group, by kind."""
        return {
            FEED_GROUP: {PUBLISHED: Handler(self._plan), FOLLOWED: Handler(self._backfill)},
            NOTIFY_GROUP: {PUBLISHED: Handler(self._tell), FAILED: Handler(self._tell)},
        }

    async def _process(self, job: Leased) -> None:
        await self.process.process(int(job.key))

    async def _process_worn_out(self, job: Leased) -> None:
        await self.process.fail(int(job.key), WORN_OUT)

    async def _remake(self, job: Leased) -> None:
        await self.remake.remake(int(job.key))

    async def _push(self, job: Leased) -> None:
        await self.fanout.push(msgspec.msgpack.decode(job.payload, type=Chunk))

    async def _purge(self, job: Leased) -> None:
        await self.withdraw.purge(int(job.key))

    async def _plan(self, event: Leased) -> None:
        await self.fanout.plan(_moved(event).post_id)

    async def _backfill(self, event: Leased) -> None:
        edge = msgspec.msgpack.decode(event.payload, type=EdgeChanged)
        await self.backfill.backfill(edge.follower_id, edge.followee_id)

    async def _tell(self, event: Leased) -> None:
        await self.author.tell(_moved(event).post_id, event.kind, event.id)


def _moved(event: Leased) -> PostMoved:
    return msgspec.msgpack.decode(event.payload, type=PostMoved)
