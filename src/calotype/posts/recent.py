"""The port to the newest posts of several authors."""

from collections.abc import Collection
from typing import Protocol

import msgspec


class Recent(msgspec.Struct, frozen=True):
    """A published post by its place in time."""

    published_id: int
    post_id: int
    author_id: int


class RecentPosts(Protocol):
    """Published posts of any audience, by the time of publishing. Staleness: none."""

    async def newest_of(
        self, author_ids: Collection[int], before: int, limit: int
    ) -> dict[int, list[Recent]]:
        """Of each author the newest `limit` with published_id below `before`, newest first.

        A round trip for each 100 authors; reads no more rows than it returns.
        """
        ...

    async def newest_for_everyone(self, before: int, limit: int) -> list[Recent]:
        """The newest `limit` of all authors whose audience is everyone, below `before`, newest first.

        Asks every node once; reads no more rows than that.
        """
        ...
