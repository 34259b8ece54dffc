"""The port to what of a post is the viewer's own, or moves too often to be kept with the post."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class PostFacts(msgspec.Struct, frozen=True):
    """How often a post is liked, and what the one who asks has done with it."""

    likes: int = 0
    liked: bool = False
    saved: bool = False


NOTHING = PostFacts()


class Engagement(Protocol):
    """Facts of at most 110 posts for one viewer; posts with nothing to tell may be left out."""

    def known(self, viewer_id: int, post_ids: Sequence[int]) -> Mapping[int, PostFacts] | None:
        """What is at hand, without waiting; None: ask `facts`."""
        ...

    async def facts(self, viewer_id: int, post_ids: Sequence[int]) -> Mapping[int, PostFacts]:
        """One round trip for each thing there is to know, whatever the number of posts."""
        ...


class NoEngagement:
    """Engagement where nobody can like or save anything."""

    def known(self, viewer_id: int, post_ids: Sequence[int]) -> Mapping[int, PostFacts]:  # noqa: ARG002
        return {}

    async def facts(
        self,
        viewer_id: int,  # noqa: ARG002
        post_ids: Sequence[int],  # noqa: ARG002
    ) -> Mapping[int, PostFacts]:
        return {}
