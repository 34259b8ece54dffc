"""What an upload may be: bytes, pixels, parts and pace."""

import msgspec


class ImageLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How large a picture may claim to be, judged by its header before anything decodes it.

    max_pixels: width times height; 200 MP is the most that phones make.
    max_held_pixels: the same for what no decoder can stream: progressive JPEG (6 bytes a pixel
        at 4:4:4) and interlaced PNG (up to 8). 50 million are 300 to 400 MB in a worker.
    max_side: width or height; libjpeg reads no more than 65,500.
    """

    max_pixels: int = 200_000_000
    max_held_pixels: int = 50_000_000
    max_side: int = 65_500


class UploadSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits on one request.

    max_file_bytes: one file; 50 MiB.
    max_files: in one request, the length of a carousel.
    max_text_bytes: all text fields of a form together.
    max_parts: files and text fields of a form together.
    idle_s: seconds without a byte from the client.
    total_s: seconds spent waiting for the client, in all.
    min_rate, min_rate_after_s: bytes a second that the client must average, once so many seconds
        were spent waiting for it.
    unfinished_s: how long a direct or resumable upload is kept after its last bytes, and after it
        is complete while no post uses it.
    direct_s: how long the signed URL of a direct upload is good.
    max_unused, max_unused_bytes: such uploads of one account at once, and what they may come to.
    sweep_grace_s: age at which a blob that no media claims is an orphan; longer than any request.
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
