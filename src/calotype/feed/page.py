"""What a read of the feed finds."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Source(StrEnum):
    """Where a page comes from."""

    CACHE = "cache"
    TIMELINE = "timeline"


class FeedPage(msgspec.Struct, frozen=True):
    """Ids of posts in order, and the cursor of what follows; none at the end of the feed."""

    post_ids: Sequence[int]
    next_cursor: str | None
    source: Source = Source.TIMELINE
