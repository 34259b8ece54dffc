"""What a post is."""

import secrets
from enum import StrEnum

import msgspec

from calotype.media.look import AS_IT_IS, Look
from calotype.media.renditions import RENDITIONS, VIDEO_RENDITIONS
from calotype.posts.lifecycle import Status


class Audience(StrEnum):
    """Who may see a published post."""

    EVERYONE = "everyone"
    FOLLOWERS = "followers"


class MediumKind(StrEnum):
    """How a medium is shown. An animated picture is a video: silent, and it begins again."""

    PHOTO = "photo"
    VIDEO = "video"


class MediumStatus(StrEnum):
    WAITING = "WAITING"
    READY = "READY"
    FAILED = "FAILED"


class Source(StrEnum):
    """The best that is left of what was uploaded: what renditions are made from."""

    ORIGINAL = "original"
    MASTER = "master"


class Place(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Where a post says it was made; degrees, WGS 84."""

    name: str = ""
    latitude: float | None = None
    longitude: float | None = None


def new_key() -> str:
    """A key for the place of a medium's renditions: 120 random bits."""
    return secrets.token_urlsafe(15)


class Facts(msgspec.Struct, frozen=True):
    """What processing found out: the size in pixels, turned and cropped, and the BlurHash.

    Of a video also how long it lasts, and whether it has a sound.
    """

    width: int
    height: int
    blurhash: str
    duration_ms: int = 0
    sound: bool = False


class Failure(msgspec.Struct, frozen=True):
    """Why a medium failed: for programs a stable code, for its author what is wrong and to be done."""

    code: str
    reason: str


class Medium(msgspec.Struct, frozen=True):
    """One photo or video of a post.

    `key` makes the place of its renditions unguessable. `progress` is how much of a video is made
    while it waits, in percent. `former_key` is the key before the last rebuild, whose signatures
    hold until they end by themselves. `recipe` is by which recipe its renditions were made.
    """

    media_id: int
    post_id: int
    author_id: int
    position: int
    key: str
    content_type: str
    size: int
    sha256: str
    alt_text: str = ""
    look: Look = AS_IT_IS
    status: MediumStatus = MediumStatus.WAITING
    reason: str = ""
    reason_code: str = ""
    facts: Facts | None = None
    kind: MediumKind = MediumKind.PHOTO
    progress: int = 0
    former_key: str = ""
    recipe: int = 0
    source: Source = Source.ORIGINAL

    @property
    def loops(self) -> bool:
        """Whether it was an animated picture, which starts anew at its end."""
        return self.kind == MediumKind.VIDEO and self.content_type.startswith("image/")

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of all its renditions, the moving ones first."""
        moving = VIDEO_RENDITIONS if self.kind == MediumKind.VIDEO else ()
        return tuple(each.file_name for each in (*moving, *RENDITIONS))


class Post(msgspec.Struct, frozen=True):
    """A post with its media in order. `published_id` is minted when it becomes PUBLISHED."""

    post_id: int
    author_id: int
    status: Status
    caption: str
    tags: tuple[str, ...]
    mentions: tuple[str, ...]
    audience: Audience
    media: tuple[Medium, ...]
    place: Place | None = None
    published_id: int | None = None
    reason: str = ""
    reason_code: str = ""
    edited_ms: int = 0
