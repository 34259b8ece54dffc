"""Settings of the feed."""

import msgspec


class FeedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How feeds are put together."""

    candidates: int = 500
    """How many of the newest entries are ranked together."""

    snapshot_s: int = 1_800
    """How long a ranked feed stays as it is after it was last scrolled, in seconds."""
