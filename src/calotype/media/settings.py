"""What an operator may choose about photos and their decoders."""

import os

import msgspec

from calotype.media.video.settings import VideoSettings


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
