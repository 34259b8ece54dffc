"""Settings of the posts room."""

import msgspec


class PostSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How posts are kept going."""

    stuck_after_s: int = 600
    """A post in PROCESSING for longer, with no job for a medium of it, gets its job again."""

    reconcile_every_s: int = 60
    """How often such posts are looked for."""
