"""Candidates: the newest of a reader's timeline and of the reader's own posts, as one list."""

from dataclasses import dataclass
from heapq import merge

from calotype.audience.rule import may_see
from calotype.feed.timelines import TimelineStore
from calotype.graph.store import GraphStore
from calotype.posts.post import Audience
from calotype.posts.store import PostStore
from calotype.ranking.ranker import Candidate


@dataclass(frozen=True)
class Window:
    """Candidates newest first; `floor` is where the list goes on below, None at its end."""

    candidates: list[Candidate]
    floor: int | None


@dataclass(frozen=True)
class Candidates:
    """Where a feed's candidates come from."""

    posts: PostStore
    graph: GraphStore
    timelines: TimelineStore

    async def window(self, reader_id: int, before: int, size: int) -> Window:
        """The newest `size` candidates below `before`: two round trips."""
        pushed = await self.timelines.page(reader_id, before, size)
        own = [
            Candidate(published_id, post_id, reader_id)
            for published_id, post_id in await self.posts.published_ids(
                reader_id, before, size, set(Audience)
            )
        ]
        # The first `size` of both lists together are right, since each holds its own first `size`.
        newest = list(merge(pushed, own, key=lambda each: -each.published_id))[:size]
        full = len(pushed) == size or len(own) == size or len(pushed) + len(own) > size
        return Window(newest, newest[-1].published_id if full else None)

    async def still_wanted(self, reader_id: int, candidates: list[Candidate]) -> list[Candidate]:
        """Without what was unfollowed, archived or removed since: two round trips."""
        authors = {each.author_id for each in candidates} - {reader_id}
        followed = await self.graph.following_among(reader_id, authors) if authors else set()
        known = [each for each in candidates if each.author_id in followed | {reader_id}]
        standings = await self.posts.standings(each.post_id for each in known)
        return [
            each
            for each in known
            if (standing := standings.get(each.post_id)) is not None
            and standing.published_id == each.published_id
            and may_see(reader_id, followed, standing)
        ]
