"""The table of who does what: event or job -> handler."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from calotype.accounts.events import ACCOUNT_CHANGED, AccountChanged
from calotype.departure.leave import DELETE, Forget
from calotype.discovery.index import IndexPeople
from calotype.engagement.affinities import KeepAffinities, touch_of_comment, touch_of_mark
from calotype.engagement.affinity import Act
from calotype.engagement.events import (
    COMMENT_WITHDRAWN,
    COMMENTED,
    LIKE_CHANGED,
    LIKES_COUNTED,
    SAVE_CHANGED,
    CommentChanged,
    LikesCounted,
    MarkChanged,
)
from calotype.engagement.forget import ForgetEngagement
from calotype.engagement.project import ProjectEngagement
from calotype.feed.backfill import Backfill
from calotype.feed.fanout import FANOUT, FANOUT_LANE, Chunk, FanOut
from calotype.feed.presence import REBUILD, RebuildTimeline
from calotype.graph.events import FOLLOWED, UNFOLLOWED, EdgeChanged
from calotype.kernel.leases import Leased
from calotype.notify.people import TellPeople
from calotype.notify.tell import TellAuthor
from calotype.posts.create import PHOTO_LANE, PROCESS, VIDEO_LANE
from calotype.posts.drop import DROP, DropMedium
from calotype.posts.events import FAILED, PUBLISHED, RESTORED, PostMoved
from calotype.posts.process import WORN_OUT, ProcessMedium
from calotype.posts.rebuild import CLEAR, REBUILD_MEDIUM, RebuildRenditions
from calotype.posts.rebuild_all import RebuildAll
from calotype.posts.rekey import REKEY, Rekey
from calotype.posts.remake import REMAKE, RemakeRenditions
from calotype.posts.retire import RETIRE, RetireOriginal
from calotype.posts.stages import FANNED_OUT, PROCESSED
from calotype.posts.stages import PUBLISHED as IS_PUBLISHED
from calotype.posts.withdraw import PURGE, UPKEEP_LANE, WithdrawPost
from calotype.profiles import change_avatar, process_avatar
from calotype.profiles.process_avatar import ProcessAvatar
from calotype.workers.figures import WorkerFigures
from calotype.workers.lane import Handler

DISCOVERY_GROUP = "discovery"
ENGAGEMENT_GROUP = "engagement"
FEED_GROUP = "feed"
NOTIFY_GROUP = "notify"

# Which groups hear of which events; the event log delivers by this table.
GROUPS = {
    DISCOVERY_GROUP: frozenset({ACCOUNT_CHANGED, FOLLOWED, UNFOLLOWED}),
    ENGAGEMENT_GROUP: frozenset({LIKE_CHANGED, SAVE_CHANGED, COMMENTED, COMMENT_WITHDRAWN}),
    FEED_GROUP: frozenset({PUBLISHED, RESTORED, FOLLOWED}),
    NOTIFY_GROUP: frozenset({PUBLISHED, FAILED, LIKES_COUNTED, COMMENTED, FOLLOWED}),
}


T = TypeVar("T")
Batch = Callable[[Sequence[Leased]], Awaitable[None]]


@dataclass(frozen=True)
class Handlers:
    """The use cases that workers run, and the tables made of them."""

    process: ProcessMedium
    remake: RemakeRenditions
    rebuild_media: RebuildRenditions
    rebuild_all: RebuildAll
    retire: RetireOriginal
    withdraw: WithdrawPost
    drop: DropMedium
    rekey: Rekey
    fanout: FanOut
    rebuild: RebuildTimeline
    backfill: Backfill
    author: TellAuthor
    people: TellPeople
    engagement: ProjectEngagement
    affinities: KeepAffinities
    forget_engagement: ForgetEngagement
    index: IndexPeople
    avatars: ProcessAvatar
    forget: Forget
    figures: WorkerFigures

    def jobs(self) -> dict[str, dict[str, Handler]]:
        """By lane, by kind."""
        return {
            PHOTO_LANE: {
                PROCESS: Handler(self._process, self._process_worn_out),
                change_avatar.PROCESS: Handler(self._avatar, self._avatar_worn_out),
                REMAKE: Handler(self._remake),
                REBUILD_MEDIUM: Handler(self._rebuild_media, self._rebuild_media_worn_out),
                RETIRE: Handler(self._retire),
            },
            VIDEO_LANE: {
                PROCESS: Handler(self._process, self._process_worn_out),
                REMAKE: Handler(self._remake),
                REBUILD_MEDIUM: Handler(self._rebuild_media, self._rebuild_media_worn_out),
                RETIRE: Handler(self._retire),
            },
            FANOUT_LANE: {FANOUT: Handler(self._push), REBUILD: Handler(self._rebuild)},
            UPKEEP_LANE: {
                PURGE: Handler(self._purge),
                DROP: Handler(self._drop),
                REKEY: Handler(self._rekey),
                CLEAR: Handler(self._clear),
                change_avatar.CLEAR: Handler(self._clear_avatars),
                DELETE: Handler(self._forget),
            },
        }

    def events(self) -> dict[str, dict[str, Handler]]:
        """By group, by kind."""
        return {
            FEED_GROUP: {
                PUBLISHED: Handler(self._plan),
                RESTORED: Handler(self._plan),
                FOLLOWED: Handler(self._backfill),
            },
            NOTIFY_GROUP: {
                PUBLISHED: Handler(self._tell_of_post),
                FAILED: Handler(self._tell),
                LIKES_COUNTED: Handler(self._tell_of_likes),
                COMMENTED: Handler(self._tell_of_comment),
                FOLLOWED: Handler(self._tell_of_follow),
            },
        }

    def batches(self) -> dict[str, Batch]:
        """By group: those whose events are handled many at once."""
        return {DISCOVERY_GROUP: self._index, ENGAGEMENT_GROUP: self._project}

    async def _index(self, events: Sequence[Leased]) -> None:
        await self.index.index({_renamed_or_followed(event) for event in events})

    async def _project(self, events: Sequence[Leased]) -> None:
        likes = _read(events, MarkChanged, {LIKE_CHANGED})
        saves = _read(events, MarkChanged, {SAVE_CHANGED})
        comments = _read(events, CommentChanged, {COMMENTED, COMMENT_WITHDRAWN})
        await self.engagement.likes([change for _, change in likes])
        await self.engagement.written([change for _, change in comments])
        touches = [
            *(touch_of_mark(Act.LIKE, change, event.id) for event, change in likes),
            *(touch_of_mark(Act.SAVE, change, event.id) for event, change in saves),
            *(
                touch_of_comment(change, event.id)
                for event, change in comments
                if event.kind == COMMENTED
            ),
        ]
        await self.affinities.touched([touch for touch in touches if touch is not None])

    async def _process(self, job: Leased) -> None:
        await self.process.process(int(job.key))
        self.figures.reached(PROCESSED, int(job.key))

    async def _process_worn_out(self, job: Leased) -> None:
        await self.process.fail(int(job.key), WORN_OUT)

    async def _remake(self, job: Leased) -> None:
        await self.remake.remake(int(job.key))

    async def _rebuild_media(self, job: Leased) -> None:
        await self.rebuild_media.rebuild(int(job.key), job.payload.decode())
        await self.rebuild_all.hand_out()

    async def _rebuild_media_worn_out(self, job: Leased) -> None:
        await self.rebuild_all.note_failure(int(job.key))
        await self.rebuild_all.hand_out()

    async def _retire(self, job: Leased) -> None:
        await self.retire.retire(int(job.key))

    async def _clear(self, job: Leased) -> None:
        media_id, _, old_key = job.key.partition("/")
        await self.rebuild_media.clear(int(media_id), old_key)

    async def _push(self, job: Leased) -> None:
        published_id = await self.fanout.push(msgspec.msgpack.decode(job.payload, type=Chunk))
        if published_id is not None:
            self.figures.reached(FANNED_OUT, published_id)
            self.figures.now_visible(published_id)

    async def _rebuild(self, job: Leased) -> None:
        await self.rebuild.rebuild(int(job.key))

    async def _purge(self, job: Leased) -> None:
        await self.withdraw.remove_files(int(job.key))
        await self.forget_engagement.remove_posts([int(job.key)])

    async def _drop(self, job: Leased) -> None:
        author_id, media_id = map(int, job.key.split("/"))
        await self.drop.remove_files(author_id, media_id)

    async def _rekey(self, job: Leased) -> None:
        media_id, _, old_key = job.key.partition("/")
        await self.rekey.rekey(int(media_id), old_key)

    async def _avatar(self, job: Leased) -> None:
        await self.avatars.process(int(job.key))

    async def _avatar_worn_out(self, job: Leased) -> None:
        await self.avatars.fail(int(job.key), process_avatar.WORN_OUT)

    async def _clear_avatars(self, job: Leased) -> None:
        await self.avatars.clear(int(job.key))

    async def _forget(self, job: Leased) -> None:
        await self.forget.forget(int(job.key))

    async def _plan(self, event: Leased) -> None:
        # The event's own id: a post that is restored was published long before.
        self.figures.reached(IS_PUBLISHED, event.id)
        await self.fanout.plan(_moved(event).post_id)

    async def _backfill(self, event: Leased) -> None:
        edge = msgspec.msgpack.decode(event.payload, type=EdgeChanged)
        await self.backfill.backfill(edge.follower_id, edge.followee_id)

    async def _tell(self, event: Leased) -> None:
        await self.author.tell(_moved(event).post_id, event.kind, event.id)

    async def _tell_of_post(self, event: Leased) -> None:
        await self._tell(event)
        await self.people.of_post(_moved(event).post_id, event.id)

    async def _tell_of_likes(self, event: Leased) -> None:
        await self.people.of_likes(msgspec.msgpack.decode(event.payload, type=LikesCounted).subject)

    async def _tell_of_comment(self, event: Leased) -> None:
        change = msgspec.msgpack.decode(event.payload, type=CommentChanged)
        await self.people.of_comment(change, event.id)

    async def _tell_of_follow(self, event: Leased) -> None:
        edge = msgspec.msgpack.decode(event.payload, type=EdgeChanged)
        await self.people.of_follow(edge.follower_id, edge.followee_id)


def _read(
    events: Sequence[Leased], payload: type[T], kinds: Collection[str]
) -> list[tuple[Leased, T]]:
    """The events of these kinds, with what they carry."""
    return [
        (event, msgspec.msgpack.decode(event.payload, type=payload))
        for event in events
        if event.kind in kinds
    ]


def _moved(event: Leased) -> PostMoved:
    return msgspec.msgpack.decode(event.payload, type=PostMoved)


def _renamed_or_followed(event: Leased) -> int:
    """Who is to be found otherwise now."""
    if event.kind == ACCOUNT_CHANGED:
        return msgspec.msgpack.decode(event.payload, type=AccountChanged).user_id
    return msgspec.msgpack.decode(event.payload, type=EdgeChanged).followee_id
