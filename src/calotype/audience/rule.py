"""The rule, and the one look at the graph that it needs."""

from collections.abc import Collection, Iterable
from typing import Protocol, TypeVar

from calotype.graph.store import GraphStore
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience

# What an author is still shown of their own posts.
_OWN = frozenset(Status) - {Status.PURGED}


class Restricted(Protocol):
    """What the rule needs to know of a post."""

    @property
    def author_id(self) -> int: ...

    @property
    def status(self) -> Status: ...

    @property
    def audience(self) -> Audience: ...


R = TypeVar("R", bound=Restricted)


def may_see(viewer_id: int | None, followed: Collection[int], post: Restricted) -> bool:
    """The rule. `followed` are the authors whom the viewer follows, of those in question."""
    if viewer_id == post.author_id:
        return post.status in _OWN
    if post.status != Status.PUBLISHED:
        return False
    return post.audience == Audience.EVERYONE or post.author_id in followed


class AudienceRule:
    """The rule over a graph: one round trip, whatever the number of posts."""

    def __init__(self, graph: GraphStore) -> None:
        self._graph = graph

    async def visible(self, viewer_id: int | None, posts: Iterable[R]) -> list[R]:
        """Those that the viewer (None: a stranger) may see, in order."""
        posts = list(posts)
        followed = await self._followed(
            viewer_id, {post.author_id for post in posts if post.audience == Audience.FOLLOWERS}
        )
        return [post for post in posts if may_see(viewer_id, followed, post)]

    async def audiences(self, viewer_id: int | None, author_id: int) -> set[Audience]:
        """Of which audiences of an author the viewer is."""
        if viewer_id == author_id or await self._followed(viewer_id, {author_id}):
            return set(Audience)
        return {Audience.EVERYONE}

    async def _followed(self, viewer_id: int | None, authors: set[int]) -> set[int]:
        others = authors - {viewer_id}
        if viewer_id is None or not others:
            return set()
        return await self._graph.following_among(viewer_id, others)
