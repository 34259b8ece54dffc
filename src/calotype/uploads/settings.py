"""What an upload may be: bytes, pixels, parts and pace."""

import msgspec

from calotype.kernel.errors import TooLarge


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
    unfinished_s: how long a direct or resumable upload is kept after its last bytes, and after it
        is complete while no post uses it, in seconds; a day.
    direct_s: how long the signed URL of a direct upload is good, in seconds.
    max_unused: direct and resumable uploads of one account that no post uses yet.
    max_unused_bytes: bytes that those may come to; 2 GiB.
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
    unfinished_s: float = 86_400
    direct_s: float = 3_600
    max_unused: int = 100
    max_unused_bytes: int = 2 * 1024 * 1024 * 1024
    images: ImageLimits = ImageLimits()
    videos: VideoLimits = VideoLimits()

    @property
    def largest(self) -> int:
        """Bytes of the largest file, whatever it is."""
        return max(self.max_file_bytes, self.videos.max_bytes)

    def check_bytes(self, size: int, *, video: bool) -> None:
        """Raises TooLarge if a photo, or a video, may not have so many bytes."""
        limit = self.videos.max_bytes if video else self.max_file_bytes
        if size > limit:
            kind = "a video" if video else "a photo"
            raise TooLarge(
                f"{kind} may have {limit} bytes; make it smaller and send that", limit=limit
            )
