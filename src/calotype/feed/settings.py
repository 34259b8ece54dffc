"""Settings of the feed."""

from typing import Annotated

import msgspec


class FeedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How feeds are put together."""

    candidates: Annotated[int, msgspec.Meta(ge=1, le=500)] = 500
    """How many of the newest entries are ranked together; a cursor remembers no more of them."""

    celebrity_threshold: Annotated[int, msgspec.Meta(ge=1)] = 500_000
    """Followers from which an author's posts are merged at read instead of being fanned out.

    Who has crossed it comes back below nine tenths of it.
    """
    logged_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.05
    """Which share of rankings is logged with its features, to train a ranker on; 0 logs none."""

    cache_s: Annotated[float, msgspec.Meta(ge=0)] = 60
    """How long what a feed is shown from is kept, in seconds, if nothing changes it before; 0: not at all."""

    cached_lists: Annotated[int, msgspec.Meta(ge=1)] = 2_000
    """Of how many readers the top of the feed is kept, about 15 KB each."""

    fragment_bytes: Annotated[int, msgspec.Meta(ge=0)] = 16 * 1024 * 1024
    """How much room the ready JSON of posts may take; a post takes 1 to 2 KB."""

    snapshot_s: int = 1_800
    """How long a ranked feed stays as it is after it was last scrolled, in seconds."""
