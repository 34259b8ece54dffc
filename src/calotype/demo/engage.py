"""Carry the reactions out: likes in bulk, a transaction a person; comments one by one."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from calotype.connections.sql import Transaction
from calotype.demo.reactions import PlannedComment, Reactions
from calotype.demo.times import ids_at
from calotype.engagement.events import Subject, mark_event
from calotype.engagement.mark import Kind
from calotype.kernel.ids import shard_of, time_of
from calotype.posts.lifecycle import Status
from calotype.posts.post import Post
from calotype.web.services import Services

# From a comment to its answer.
_ANSWER_MS = 20 * 60_000


class Moments:
    """Milliseconds up to now, each given once: an id minted at a moment of its own is its own."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._taken: set[int] = set()

    def take(self, wanted_ms: int) -> int:
        """The moment, or the last free one before it; what would lie ahead happens just now."""
        at_ms = min(wanted_ms, self._now_ms)
        while at_ms in self._taken:
            at_ms -= 1
        self._taken.add(at_ms)
        return at_ms


@dataclass(frozen=True)
class Engage:
    """The people of a place, by the index that the plan knows them by."""

    services: Services
    people: Sequence[int]

    async def carry_out(self, reactions: Reactions, made: Sequence[int], now_ms: int) -> None:
        """React to those posts, by index, that were published."""
        found = await self.services.posts.by_ids(made)
        posts = {
            number: found[id_]
            for number, id_ in enumerate(made)
            if id_ in found and found[id_].status == Status.PUBLISHED
        }
        liked: defaultdict[int, list[Post]] = defaultdict(list)
        for person, number in reactions.likes:
            if number in posts:
                liked[person].append(posts[number])
        for person, theirs in liked.items():
            await self._like(self.people[person], theirs)
        moments = Moments(now_ms)
        for planned in reactions.comments:
            await self._comment(planned, posts, moments)

    async def _like(self, user_id: int, posts: Sequence[Post]) -> None:
        react = self.services.engagement.react

        def like(tx: Transaction) -> None:
            for post in posts:
                mark = react.marks.put(tx, user_id, post.post_id, Kind.LIKE, standing=True)
                if mark is not None:
                    published_id = post.published_id or 0
                    subject = Subject(post.post_id, post.post_id, post.author_id, published_id)
                    react.outbox.append(tx, mark_event(mark, subject))

        await react.database.write(shard_of(user_id), like)

    async def _comment(
        self, planned: PlannedComment, posts: Mapping[int, Post], moments: Moments
    ) -> None:
        post = posts.get(planned.post)
        if post is None:
            return
        at_ms = moments.take(time_of(post.published_id or 0) + planned.after_ms)
        say = partial(self._say, post.post_id)
        said = await say(self.people[planned.person], planned.words, at_ms)
        if planned.answer:
            await say(post.author_id, planned.answer, moments.take(at_ms + _ANSWER_MS), said)

    async def _say(
        self, post_id: int, user_id: int, words: str, at_ms: int, reply_to: int = 0
    ) -> int:
        """Say something at its own moment; the comment's id."""
        discuss = dataclasses.replace(self.services.engagement.discuss, ids=ids_at(at_ms))
        return (await discuss.comment(user_id, post_id, words, reply_to)).comment_id
