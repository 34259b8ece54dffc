"""What an upload may be: bytes, pixels, parts and pace."""

import msgspec


class ImageLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How large a picture may claim to be, judged by its header before anything decodes it.

    max_pixels: width times height of a picture; 200 MP is the most that phones make.
    max_held_pixels: width times height of a picture that no decoder can stream: progressive JPEG
        (6 bytes a pixel at 4:4:4), interlaced PNG (up to 8), GIF, HEIC, AVIF (up to 14), TIFF.
        50 million are 300 to 700 MB in a worker.
    max_side: pixels of the longer side of a picture; libjpeg reads no more than 65,500.
    """

    max_pixels: int = 200_000_000
    max_held_pixels: int = 50_000_000
    max_side: int = 65_500


class VideoLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a video may claim to be, judged by its header; media.video has the final word.

    max_bytes: of one file; 200 MiB, a minute of 1080p as phones record it.
    max_seconds: half a second more is let through, since cameras stop late.
    max_side: width or height, in pixels.
    """

    max_bytes: int = 200 * 1024 * 1024
    max_seconds: float = 60.0
    max_side: int = 8_192


class UploadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits on one request.

    max_file_bytes: the largest photo, in bytes; 50 MiB.
    max_files: files in one request, the length of a carousel.
    max_text_bytes: bytes of all text fields of a form together.
    max_parts: files and text fields of a form together.
    idle_s: seconds that a client may send nothing.
    total_s: seconds that may be spent waiting for a client, in all.
    min_rate: bytes a second that a client must average, once `min_rate_after_s` has passed.
    min_rate_after_s: seconds spent waiting for a client before its pace is judged.
    sweep_grace_s: age in seconds at which a file that no post claims is removed; longer than any
        request.
    """

    max_file_bytes: int = 50 * 1024 * 1024
    max_files: int = 10
    max_text_bytes: int = 64 * 1024
    max_parts: int = 100
    idle_s: float = 20
    total_s: float = 600
    min_rate: int = 4096
    min_rate_after_s: float = 30
    sweep_grace_s: float = 3600
    images: ImageLimits = ImageLimits()
    videos: VideoLimits = VideoLimits()
