"""The port to which originals are still kept."""

from typing import Protocol

from calotype.posts.post import Medium


class Originals(Protocol):
    """A look at the media whose originals are kept."""

    async def kept(self, before_ms: int, after: int, limit: int) -> list[Medium]:
        """READY media of posts that are PUBLISHED or ARCHIVED, sent before that time.

        Those with ids above `after`, in their order, up to `limit`.
        """
        ...
