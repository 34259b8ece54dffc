"""What a post is."""

import secrets
from enum import StrEnum

import msgspec

from calotype.media.look import AS_IT_IS, Look
from calotype.posts.lifecycle import Status


class Audience(StrEnum):
    """Who may see a published post."""

    EVERYONE = "everyone"
    FOLLOWERS = "followers"


class MediumStatus(StrEnum):
    WAITING = "WAITING"
    READY = "READY"
    FAILED = "FAILED"


class Place(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Where a post says it was made; degrees, WGS 84."""

    name: str = ""
    latitude: float | None = None
    longitude: float | None = None


def new_key() -> str:
    """A key for the place of a medium's renditions: 120 random bits."""
    return secrets.token_urlsafe(15)


class Facts(msgspec.Struct, frozen=True):
    """What processing found out: the size in pixels, turned and cropped, and the BlurHash."""

    width: int
    height: int
    blurhash: str


class Medium(msgspec.Struct, frozen=True):
    """One photo of a post. `key` makes the place of its renditions unguessable."""

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
    facts: Facts | None = None


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
    edited_ms: int = 0
