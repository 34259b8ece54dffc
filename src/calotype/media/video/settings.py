"""What an operator may choose about videos and the processes that make them."""

import os

import msgspec


class VideoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long and large a video may be, and what its making may cost."""

    transcodes: int = 1
    """Videos at once, of this worker; each uses `threads`."""

    threads: int = msgspec.field(default_factory=lambda: min(8, os.cpu_count() or 1))
    """Threads of one transcode; photos and requests go first on a busy processor all the same."""

    max_seconds: float = 60.0
    """The longest video; half a second more is let through, since cameras stop late."""

    max_side: int = 8_192
    """Longest side of a frame, in pixels."""

    max_pixels: int = 36_000_000
    """Most pixels of a frame: 8K, the most that phones make, has 33 million."""

    max_animation_pixels: int = 2_000_000_000
    """Most pixels of all frames of an animated GIF, WebP or PNG together."""

    memory_bytes: int = 3 << 30
    """Private memory of one transcode (RLIMIT_DATA); see docs/decisions/015-video.md."""

    job_seconds: float = 1_800.0
    """How long one transcode may take before it is killed."""

    stalled_seconds: float = 60.0
    """How long a transcode may go without another frame before it is killed."""
