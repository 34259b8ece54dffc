"""What an operator may choose about photos and their decoders."""

import os
import re

import msgspec

from calotype.media.video.settings import VideoSettings

_UNIT_MS = {"d": 86_400_000, "h": 3_600_000}


class DecoderLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one decoder may use, and the largest picture that fits in it.

    The defaults belong together: the largest picture that each cap lets through was measured to
    stay below the memory limit.
    """

    memory_bytes: int = 768 << 20
    """Bytes of private memory of one decoder (RLIMIT_DATA); beyond it the decoder dies, not the machine.

    A 12 MP JPEG needs 80 MiB, a 200 MP one 190; the worst within the caps, an interlaced 50 MP
    PNG with alpha and 16 bits a channel, or an AVIF with alpha, 650. Only a HEIC of over 40 MP
    with alpha and 10 bits needs more.
    """

    streamed_pixels: int = 200_000_000
    """Most pixels of a picture that is decoded row by row: baseline JPEG, plain PNG.

    200 MP is the largest that phones make.
    """

    whole_pixels: int = 50_000_000
    """Most pixels of a picture that must be held whole: all but baseline JPEG and plain PNG."""

    side: int = 65_535
    """Longest side, in pixels; JPEG can express no more."""


class MediaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The media room's settings."""

    decoders: int = msgspec.field(default_factory=lambda: os.cpu_count() or 1)
    """Most decoder processes at once, of this worker; one for each core unless set."""

    idle_seconds: float = 20.0
    """Seconds that a decoder waits for its next job before it leaves and gives its memory back."""

    job_seconds: float = 60.0
    """Seconds that one photo may take before its decoder is killed; a 12 MP JPEG takes 0.15."""

    limits: DecoderLimits = DecoderLimits()
    """What each decoder may use."""

    video: VideoSettings = VideoSettings()
    """Of videos and animated pictures."""

    originals: str = "keep"
    """`keep`, or `delete_after=7d` (in days, or hours as 12h): what was uploaded that long ago
    makes way for a private master of 1,080 px, from which renditions can be made again."""

    kept_decoders: int = 0
    """Decoders that stay when there is nothing to do, once the work had called for so many; 60 MiB
    each. A first photo after a rest then need not wait 0.4 s for one to start."""

    def __post_init__(self) -> None:
        self.original_ms  # noqa: B018  (checks it)

    @property
    def original_ms(self) -> int | None:
        """After how many ms an original makes way; None: never.

        Raises:
            ValueError: the setting is neither of the two.
        """
        if self.originals == "keep":
            return None
        found = re.fullmatch(r"delete_after=([1-9]\d{0,4})([dh])", self.originals, re.ASCII)
        if found is None:
            raise ValueError(
                f"originals is {self.originals!r}; it is keep, or delete_after= with a number of "
                "days or hours, such as delete_after=7d or delete_after=12h"
            )
        return int(found[1]) * _UNIT_MS[found[2]]
