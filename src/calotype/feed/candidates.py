"""Candidates: the newest of a reader's timeline, own posts and celebrities, as one list."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from calotype.audience.rule import may_see
from calotype.feed.celebrities import CelebrityPosts
from calotype.feed.timelines import TimelineStore
from calotype.graph.store import GraphStore
from calotype.posts.post import Audience
from calotype.posts.store import PostStore
from calotype.ranking.ranker import Candidate


@dataclass(frozen=True)
class Window:
    """Candidates newest first; `floor` is where the list goes on below, None at its end.

    `celebrities` are those the reader follows, whether a post of theirs is among the candidates
    or not; named in a window for ranking alone.
    """

    candidates: list[Candidate]
    floor: int | None
    celebrities: Collection[int] = ()


@dataclass(frozen=True)
class Candidates:
    """Where a feed's candidates come from."""

    posts: PostStore
    graph: GraphStore
    timelines: TimelineStore
    celebrities: CelebrityPosts

    async def window(self, reader_id: int, before: int, size: int) -> Window:
        """The newest `size` candidates below `before`: three round trips; four with celebrities."""
        pushed, own = await self._pushed_and_own(reader_id, before, size)
        theirs = await self.celebrities.window(reader_id, before, size)
        return _window(size, pushed, own, theirs)

    async def ranked_window(self, reader_id: int, before: int, size: int) -> Window:
        """The same for ranking: of celebrities few posts, and those of the closest alone.

        What they published before these comes below the window's floor.
        """
        pushed, own = await self._pushed_and_own(reader_id, before, size)
        celebrities = await self.celebrities.followed(reader_id)
        picked = await self.celebrities.picked(reader_id, celebrities, before)
        window = _window(size, pushed, own, picked, more=bool(picked))
        return replace(window, celebrities=celebrities)

    async def _pushed_and_own(
        self, reader_id: int, before: int, size: int
    ) -> tuple[list[Candidate], list[Candidate]]:
        pushed = await self.timelines.page(reader_id, before, size)
        own = [
            Candidate(published_id, post_id, reader_id)
            for published_id, post_id in await self.posts.published_ids(
                reader_id, before, size, set(Audience)
            )
        ]
        return pushed, own

    async def still_wanted(self, reader_id: int, candidates: list[Candidate]) -> list[Candidate]:
        """Without what was unfollowed, archived or removed since: two round trips."""
        authors = {each.author_id for each in candidates} - {reader_id}
        followed = await self.graph.following_among(reader_id, authors) if authors else set()
        heard = followed | {reader_id}
        known = [each for each in candidates if each.author_id in heard]
        standings = await self.posts.standings(each.post_id for each in known)
        return [
            each
            for each in known
            if (standing := standings.get(each.post_id)) is not None
            and standing.published_id == each.published_id
            and may_see(reader_id, followed, standing)
        ]


def _window(size: int, *sources: Sequence[Candidate], more: bool = False) -> Window:
    """The newest `size` of all sources, each newest first; `more`: there is more than they hold."""
    # A celebrity's post from before they were one lies in the timeline too.
    every = {each.published_id: each for source in sources for each in source}
    # The first `size` of all are right, since each source holds its own first `size`.
    newest = [every[at] for at in sorted(every, reverse=True)[:size]]
    full = more or len(every) > size or any(len(source) == size for source in sources)
    return Window(newest, newest[-1].published_id if full else None)
