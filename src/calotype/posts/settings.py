"""Settings of the posts room."""

import msgspec


class PostSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How posts are kept going."""

    stuck_after_s: int = 600
    """Seconds after which a post in PROCESSING that has no job for one of its media gets it again."""

    reconcile_every_s: int = 60
    """Seconds between looks for posts that are stuck."""
