"""The renditions of a photo and of a video, declared as data, and where they lie.

A video's poster has a photo's renditions. Widths are those of the upright picture. A picture is never enlarged: where the original is
narrower, the larger slots hold it at its own width.
"""

from enum import StrEnum

import msgspec


class Encoding(StrEnum):
    """How a rendition is encoded; the value is its content type."""

    WEBP = "image/webp"
    JPEG = "image/jpeg"


class Rendition(msgspec.Struct, frozen=True):
    """One declared rendition: its name in the API, width in pixels, and file name in the store."""

    name: str
    width: int
    encoding: Encoding
    file_name: str

    @property
    def content_type(self) -> str:
        return self.encoding.value


class VideoRendition(msgspec.Struct, frozen=True):
    """One declared rendition of a video: its name, its shorter side in pixels, its most bits.

    `name` is the file's too. `bits` a second, of the pictures: what is copied has no more, and
    what is encoded no more over two seconds.
    """

    name: str
    side: int
    bits: int

    @property
    def file_name(self) -> str:
        return self.name

    @property
    def content_type(self) -> str:
        return VIDEO_TYPE


VIDEO_TYPE = "video/mp4"
VIDEO_RENDITIONS = (
    VideoRendition("720p.mp4", 720, 5_000_000),
    VideoRendition("480p.mp4", 480, 2_500_000),
)
VIDEO_LENGTH = 1_920  # pixels that the longer side may have, however narrow the video is
RENDITIONS = (
    Rendition("w150", 150, Encoding.WEBP, "w150.webp"),
    Rendition("w320", 320, Encoding.WEBP, "w320.webp"),
    Rendition("w640", 640, Encoding.WEBP, "w640.webp"),
    Rendition("w1080", 1080, Encoding.WEBP, "w1080.webp"),
    Rendition("w1080.jpg", 1080, Encoding.JPEG, "w1080.jpg"),
)
BY_NAME = {rendition.name: rendition for rendition in RENDITIONS}
# What a profile picture is kept in: it is never shown larger.
AVATAR_RENDITIONS = RENDITIONS[:3]
BY_FILE_NAME: dict[str, Rendition | VideoRendition] = {
    rendition.file_name: rendition for rendition in (*RENDITIONS, *VIDEO_RENDITIONS)
}
LARGEST_WIDTH = max(rendition.width for rendition in RENDITIONS)

WEBP_SIDE = 16_383  # the format has 14 bits for each side

RECIPE = 1
"""By which recipe renditions are made now. It rises when the same original would look different,
or weigh less; 0 stands for all that was made before recipes were counted."""


def rendition_key(media_id: int, key: str, file_name: str) -> str:
    """Where a rendition lies; `key` is unguessable and changes when the audience narrows."""
    return f"processed/{media_id}/{key}/{file_name}"
