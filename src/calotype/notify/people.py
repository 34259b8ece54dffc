"""Tell people what others have done: likes, comments, answers, mentions, follows.

What is told names who did it and where; words and counts are read when the notice is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from calotype.accounts.people import Accounts
from calotype.audience.rule import AudienceRule
from calotype.engagement.events import CommentChanged, Subject
from calotype.engagement.store import CommentStore, TallyStore
from calotype.graph.store import GraphStore
from calotype.kernel.errors import NotFound
from calotype.notify.notices import NoticeStore
from calotype.posts.lifecycle import Status
from calotype.posts.store import PostStore, Standing

# Whoever mentions more people at once reaches the first of them.
MENTIONED = 20


class Told(StrEnum):
    """What a notice says, of those about people."""

    POST_LIKED = "post.liked"
    COMMENT_LIKED = "comment.liked"
    COMMENTED = "comment.written"
    ANSWERED = "comment.answered"
    MENTIONED_IN_POST = "post.mentioned"
    MENTIONED_IN_COMMENT = "comment.mentioned"
    FOLLOWED = "user.followed"


class Matter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where it happened. `latest` tells one state of many likes from another."""

    post_id: int = 0
    comment_id: int = 0
    latest: int = 0


@dataclass(frozen=True)
class TellPeople:
    """The use cases, with what they work on. Each is idempotent; nobody is told of themselves."""

    posts: PostStore
    accounts: Accounts
    graph: GraphStore
    rule: AudienceRule
    tallies: TallyStore
    comments: CommentStore
    notices: NoticeStore

    async def of_likes(self, subject: Subject) -> None:
        """Tell an author that people like a post or comment: one notice, however many they are."""
        id_ = subject.subject_id
        # Two, for one of them may be the author.
        likers = (await self.tallies.latest_likers([id_], 2)).get(id_, [])
        others = [liker for liker in likers if liker.user_id != subject.author_id]
        if not others or subject.author_id not in await self.accounts.by_ids([subject.author_id]):
            return
        on_post = id_ == subject.post_id
        matter = Matter(subject.post_id, 0 if on_post else id_, others[0].mark_id)
        kind = Told.POST_LIKED if on_post else Told.COMMENT_LIKED
        # Causes are ids of events; the negative of a subject's is none of them.
        await self.notices.renew(subject.author_id, -id_, kind, msgspec.json.encode(matter))

    async def of_comment(self, change: CommentChanged, cause: int) -> None:
        """Tell whom a comment answers, whose post it is on, and whom it mentions, each once."""
        found = await self.comments.by_ids([change.comment_id])
        post = await self._published(change.subject.post_id)
        if change.comment_id not in found or post is None:
            return
        mentioned = await self._people(found[change.comment_id].mentions)
        told = dict.fromkeys(mentioned, Told.MENTIONED_IN_COMMENT)
        told[post.author_id] = Told.COMMENTED
        if change.answered_id:
            told[change.answered_id] = Told.ANSWERED
        matter = Matter(change.subject.post_id, change.comment_id)
        await self._tell(told, change.author_id, cause, post, matter)

    async def of_post(self, post_id: int, cause: int) -> None:
        """Tell those whom the caption of a published post mentions, if they may see it."""
        post = await self.posts.get(post_id)
        if post is None or post.status != Status.PUBLISHED or not post.mentions:
            return
        told = dict.fromkeys(await self._people(post.mentions), Told.MENTIONED_IN_POST)
        standing = Standing(post.author_id, post.status, post.audience, post.published_id)
        await self._tell(told, post.author_id, cause, standing, Matter(post_id))

    async def of_follow(self, follower_id: int, followee_id: int) -> None:
        """Tell someone of a follower: once in 30 days, however often they come and go."""
        there = await self.accounts.by_ids([follower_id, followee_id])
        if len(there) == 2 and await self.graph.edge(follower_id, followee_id) is not None:
            body = msgspec.json.encode(Matter())
            await self.notices.add(followee_id, -follower_id, Told.FOLLOWED, body, follower_id)

    async def _tell(
        self, told: dict[int, Told], actor_id: int, cause: int, post: Standing, matter: Matter
    ) -> None:
        there = await self.accounts.by_ids({actor_id, *told})
        if actor_id not in there:
            return
        body = msgspec.json.encode(matter)
        for user_id, kind in told.items():
            if user_id in there.keys() - {actor_id} and await self.rule.visible(user_id, [post]):
                await self.notices.add(user_id, cause, kind, body, actor_id)

    async def _published(self, post_id: int) -> Standing | None:
        standing = (await self.posts.standings([post_id])).get(post_id)
        return standing if standing and standing.status == Status.PUBLISHED else None

    async def _people(self, names: Sequence[str]) -> Iterable[int]:
        """Whoever bears one of the first 20 names."""
        found = []
        for name in names[:MENTIONED]:
            try:
                found.append((await self.accounts.by_username(name)).user_id)
            except NotFound:
                continue
        return found
