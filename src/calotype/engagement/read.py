"""Read engagement: the counts of posts, and what the viewer has done with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from calotype.audience.rule import AudienceRule
from calotype.engagement.gate import Gate
from calotype.engagement.mark import NOTHING_COUNTED, NOTHING_DONE, Counts, Facts, Kind, Liker, Mark
from calotype.engagement.store import Counted, MarkStore, TallyStore
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID
from calotype.kernel.paging import Before, Page, decode_cursor, encode_cursor
from calotype.posts.post import Post
from calotype.posts.store import PostStore

MAX_LIMIT = 100


class Engagement(msgspec.Struct, frozen=True):
    """A post's engagement as one viewer sees it."""

    likes: int = 0
    comments: int = 0
    liked: bool = False
    saved: bool = False


NO_ENGAGEMENT = Engagement()


class CountsOfPosts(Protocol):
    """The counts, as a page of posts needs them. Whoever keeps them in a cache decides how stale."""

    async def counts(self, post_ids: Sequence[int]) -> Mapping[int, Counts]:
        """Of those posts that have any; one statement."""
        ...

    async def counts_beside(self, user_id: int, post_ids: Sequence[int]) -> Mapping[int, Counted]:
        """Never from a cache: of one moment with whether the person's own like is counted."""
        ...


class FactsOfViewer(Protocol):
    """What the viewer has done, as a page of posts needs it. Staleness: none."""

    async def facts(self, user_id: int, post_ids: Sequence[int]) -> Mapping[int, Facts]:
        """Of those posts that the viewer has done anything with; one statement."""
        ...


@dataclass(frozen=True)
class ViewEngagement:
    """Counts and facts put together: two statements a page, one for a stranger.

    A viewer's own like shows at once, in `liked` and in `likes`, and stays: while it is not
    counted yet it is added. Other people's may show a moment later.
    """

    counts: CountsOfPosts
    facts: FactsOfViewer

    async def of(self, viewer_id: int | None, post_ids: Sequence[int]) -> dict[int, Engagement]:
        """By post, for each of them."""
        if viewer_id is None:
            counted = await self.counts.counts(post_ids)
            return {id_: _engagement(counted.get(id_), NOTHING_DONE) for id_ in post_ids}
        facts = await self.facts.facts(viewer_id, post_ids)
        if not any(each.fresh for each in facts.values()):
            counted = await self.counts.counts(post_ids)
            return {
                id_: _engagement(counted.get(id_), facts.get(id_, NOTHING_DONE)) for id_ in post_ids
            }
        beside = await self.counts.counts_beside(viewer_id, post_ids)
        return {
            id_: _engagement(
                _with_own(beside.get(id_), liked=facts.get(id_, NOTHING_DONE).liked),
                facts.get(id_, NOTHING_DONE),
            )
            for id_ in post_ids
        }


def _with_own(counted: Counted | None, *, liked: bool) -> Counts:
    """The counts as they will be once the viewer's own like, or its end, is counted."""
    if counted is None:
        return Counts(likes=int(liked))
    likes = counted.counts.likes + liked - counted.own
    return Counts(likes, counted.counts.comments)


def _engagement(counts: Counts | None, facts: Facts) -> Engagement:
    counts = counts or NOTHING_COUNTED
    return Engagement(counts.likes, counts.comments, facts.liked, facts.saved)


@dataclass(frozen=True)
class ReadMarks:
    """The lists of marks: one's own, and a post's likers."""

    posts: PostStore
    rule: AudienceRule
    gate: Gate
    marks: MarkStore
    tallies: TallyStore

    async def of_person(
        self, user_id: int, kind: Kind, cursor: str | None, limit: int
    ) -> Page[Post]:
        """Posts that the person has marked and may still see, the last marked first.

        A page may be shorter than its limit where posts have gone.

        Raises:
            Invalid, Malformed: the limit (1 to 100) or the cursor is wrong.
        """
        before = before_of(cursor, limit)
        marks = await self.marks.newest(user_id, kind, before, limit + 1)
        shown = marks[:limit]
        posts = await self.posts.by_ids(mark.subject_id for mark in shown)
        found = [posts[mark.subject_id] for mark in shown if mark.subject_id in posts]
        visible = await self.rule.visible(user_id, found)
        return Page(visible, _next(shown) if len(marks) > limit else None)

    async def likers(
        self, viewer_id: int | None, post_id: int, cursor: str | None, limit: int
    ) -> Page[Liker]:
        """Who likes a post, the last one first.

        Raises:
            NotFound: there is no such post for this viewer.
            Invalid, Malformed: the limit (1 to 100) or the cursor is wrong.
        """
        before = before_of(cursor, limit)
        await self.gate.pass_to(viewer_id, post_id)
        likers = await self.tallies.likers(post_id, before, limit + 1)
        shown = likers[:limit]
        return Page(shown, _next(shown) if len(likers) > limit else None)


def before_of(cursor: str | None, limit: int) -> int:
    """Where a page that falls by id begins.

    Raises:
        Invalid: the limit is not from 1 to 100.
        Malformed: the cursor is none of such a list.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
    if not cursor:
        return MAX_ID
    position: Before = decode_cursor(cursor, Before)
    return position.id


def _next(shown: Sequence[Mark | Liker]) -> str:
    return encode_cursor(Before(shown[-1].mark_id))
