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

    snapshot_s: int = 1_800
    """How long a ranked feed stays as it is after it was last scrolled, in seconds."""
