"""Read notices: with the people and posts of now, without what has gone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from calotype.accounts.account import Account
from calotype.accounts.people import Accounts
from calotype.audience.rule import AudienceRule
from calotype.engagement.comment import Comment
from calotype.engagement.read import before_of
from calotype.engagement.store import CommentStore, Counted, TallyStore
from calotype.kernel.ids import MAX_ID
from calotype.kernel.paging import Before, Page, encode_cursor
from calotype.notify.notices import Notice, NoticeStore
from calotype.notify.people import Matter, Told
from calotype.notify.tell import Outcome
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience
from calotype.posts.store import PostStore

# So many of those who like something are named.
NAMED = 3
# Beyond this many unread notices nobody counts.
MOST_UNREAD = 100

_OF_PEOPLE = frozenset(Told)
_LIKES = frozenset({Told.POST_LIKED, Told.COMMENT_LIKED})


class Notification(msgspec.Struct, frozen=True):
    """A notice as its person is shown it. `count` is how many people it is about."""

    notice: Notice
    read: bool
    people: tuple[Account, ...] = ()
    count: int = 0
    post_id: int = 0
    comment: Comment | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class ReadNotices:
    """The use cases, with what they work on: at most nine statements, whatever the number."""

    posts: PostStore
    accounts: Accounts
    rule: AudienceRule
    tallies: TallyStore
    comments: CommentStore
    notices: NoticeStore

    async def page(self, user_id: int, cursor: str | None, limit: int) -> Page[Notification]:
        """One's own notices, newest first; a page may be short where what they tell of has gone.

        Raises:
            Invalid, Malformed: the limit (1 to 100) or the cursor is wrong.
        """
        before = before_of(cursor, limit)
        found = await self.notices.before(user_id, before, limit + 1)
        shown = found[:limit]
        more = len(found) > limit
        return Page(
            await self.show(user_id, shown),
            encode_cursor(Before(shown[-1].notice_id)) if more else None,
        )

    async def unread(self, user_id: int) -> int:
        """How many notices there are to read; 100 stands for more, too."""
        read_id = await self.notices.read_up_to(user_id)
        newest = await self.notices.before(user_id, MAX_ID, MOST_UNREAD)
        unread = [notice for notice in newest if notice.notice_id > read_id]
        return len(await self.show(user_id, unread)) if unread else 0

    async def show(self, user_id: int, notices: Sequence[Notice]) -> list[Notification]:
        """These notices of one person, in order, but for those whose matter has gone.

        Gone are people who left, comments taken away, likes taken back, and posts that the person
        may no longer see.
        """
        read_id = await self.notices.read_up_to(user_id)
        matters = {
            notice.notice_id: msgspec.json.decode(notice.body, type=Matter)
            for notice in notices
            if notice.kind in _OF_PEOPLE
        }
        scene = await self._scene(user_id, notices, matters)
        shown = []
        for notice in notices:
            read = notice.notice_id <= read_id
            matter = matters.get(notice.notice_id)
            if matter is None:
                outcome = msgspec.json.decode(notice.body, type=Outcome)
                shown.append(Notification(notice, read, outcome=outcome))
            elif (seen := scene.show(notice, matter, read=read)) is not None:
                shown.append(seen)
        return shown

    async def _scene(
        self, user_id: int, notices: Sequence[Notice], matters: Mapping[int, Matter]
    ) -> "_Scene":
        found = await self.posts.standings({each.post_id for each in matters.values()} - {0})
        posts = [
            _Placed(id_, each.author_id, each.status, each.audience) for id_, each in found.items()
        ]
        visible = await self.rule.visible(user_id, posts)
        comments = await self.comments.by_ids({each.comment_id for each in matters.values()} - {0})
        liked = {
            matters[notice.notice_id].comment_id or matters[notice.notice_id].post_id
            for notice in notices
            if notice.kind in _LIKES
        }
        # One more, for one of them may be the person.
        latest = await self.tallies.latest_likers(liked, NAMED + 1)
        likers = {
            id_: [liker.user_id for liker in each if liker.user_id != user_id]
            for id_, each in latest.items()
        }
        counted = await self.tallies.counts_beside(user_id, liked)
        people = {notice.actor_id for notice in notices} - {0}
        people |= {id_ for each in likers.values() for id_ in each}
        people |= {post.author_id for post in visible}
        there = await self.accounts.by_ids(people)
        return _Scene(
            posts={post.post_id for post in visible if post.author_id in there},
            comments=comments,
            likers=likers,
            counted=counted,
            people=there,
        )


class _Placed(msgspec.Struct, frozen=True):
    """How a post stands, with its id."""

    post_id: int
    author_id: int
    status: Status
    audience: Audience


@dataclass(frozen=True)
class _Scene:
    """What is left of what notices tell of."""

    posts: set[int]
    comments: Mapping[int, Comment]
    likers: Mapping[int, Sequence[int]]
    counted: Mapping[int, Counted]
    people: Mapping[int, Account]

    def show(self, notice: Notice, matter: Matter, *, read: bool) -> Notification | None:
        comment = self.comments.get(matter.comment_id)
        gone = matter.post_id and matter.post_id not in self.posts
        if gone or (matter.comment_id and comment is None):
            return None
        people, count = self._people(notice, matter)
        if not people:
            return None
        return Notification(notice, read, people, count, matter.post_id, comment)

    def _people(self, notice: Notice, matter: Matter) -> tuple[tuple[Account, ...], int]:
        if notice.kind not in _LIKES:
            return self._there([notice.actor_id]), 1
        subject_id = matter.comment_id or matter.post_id
        people = self._there(self.likers.get(subject_id, ()))[:NAMED]
        counted = self.counted.get(subject_id)
        count = counted.counts.likes - counted.own if counted is not None else 0
        return people, max(count, len(people))

    def _there(self, ids: Iterable[int]) -> tuple[Account, ...]:
        return tuple(self.people[id_] for id_ in ids if id_ in self.people)
