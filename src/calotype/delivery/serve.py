"""Find the file behind a media URL, for whoever may see it, and read it.

Costs: one statement decides; a second one only where followers' media are asked for by name, with
a token instead of a signature, or for a profile picture. Nothing is remembered from one request to the next, so an archived
or narrowed post's files end with the edit that did it. Originals have no URL.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import msgspec

from calotype.audience.rule import AudienceRule, may_see
from calotype.blobs.store import BlobPart, BlobStore
from calotype.delivery.urls import MediaUrls
from calotype.kernel.errors import NotFound, NotReady
from calotype.media.renditions import BY_FILE_NAME, Rendition, VideoRendition, rendition_key
from calotype.posts.lifecycle import Status
from calotype.posts.store import MediumStanding, PostStore
from calotype.uploads.keys import renditions_prefix

YEAR_S = 31_536_000
RETRY_AFTER_S = 1


class ShownAvatars(Protocol):
    """Who knows profile pictures; the room that keeps them answers."""

    async def shown_key(self, media_id: int) -> str | None:
        """The key of a picture's renditions while it is someone's present one, else None."""
        ...


@dataclass(frozen=True)
class Asking:
    """Who asks for a file: a person (None: a stranger), perhaps with a signed URL."""

    viewer_id: int | None = None
    expires: int = 0
    signature: str = ""


@dataclass(frozen=True)
class Servable:
    """A rendition that may be sent, and for how long who may keep it."""

    media_id: int
    file_name: str
    blob_key: str
    content_type: str
    public: bool
    max_age_s: int


@dataclass(frozen=True)
class ServeMedia:
    """The use cases, with what they work on."""

    posts: PostStore
    avatars: ShownAvatars
    blobs: BlobStore
    rule: AudienceRule
    urls: MediaUrls

    async def find(self, media_id: int, file_name: str, asking: Asking) -> Servable:
        """The rendition, if the one who asks may have it.

        Raises:
            NotReady: it is still being made, and will be theirs to see.
            NotFound: there is no such rendition, or none that may be seen.
        """
        rendition = BY_FILE_NAME.get(file_name)
        standing = await self.posts.medium_standing(media_id) if rendition else None
        if rendition is None:
            raise _nothing()
        if standing is None:
            return await self._avatar(media_id, rendition)
        processing = standing.status == Status.PROCESSING
        judged = _published(standing) if processing else standing
        public = may_see(None, (), judged)
        left = YEAR_S if public else self._seconds_left(media_id, judged, asking)
        if not left and not await self.rule.visible(asking.viewer_id, [judged]):
            raise _nothing()
        author = asking.viewer_id == standing.author_id
        if not standing.ready or (processing and not author):
            raise _not_ready() if processing else _nothing()
        return Servable(
            media_id=media_id,
            file_name=file_name,
            blob_key=rendition_key(media_id, standing.key, file_name),
            content_type=rendition.content_type,
            public=public and not processing,
            max_age_s=0 if processing else left,
        )

    async def _avatar(self, media_id: int, rendition: Rendition | VideoRendition) -> Servable:
        key = await self.avatars.shown_key(media_id)
        if key is None:
            raise _nothing()
        return Servable(
            media_id=media_id,
            file_name=rendition.file_name,
            blob_key=rendition_key(media_id, key, rendition.file_name),
            content_type=rendition.content_type,
            public=True,
            max_age_s=YEAR_S,
        )

    async def read(self, found: Servable, start: int, size: int) -> BlobPart:
        """Up to `size` bytes from `start`, in one look; `info.key` is where the rest lies.

        Raises:
            NotFound: it was withdrawn just now.
        """
        with suppress(NotFound):
            return await self.blobs.read(found.blob_key, start, size)
        # Its key has just changed: until posts/rekey.py is done, it lies under an older one.
        async for blob in self.blobs.list(renditions_prefix(found.media_id)):
            if blob.key.endswith(f"/{found.file_name}"):
                with suppress(NotFound):
                    return await self.blobs.read(blob.key, start, size)
        return await self.blobs.read(found.blob_key, start, size)

    def stream(self, blob_key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to `end` (exclusive), in chunks."""
        return self.blobs.stream(blob_key, start, end)

    def _seconds_left(self, media_id: int, standing: MediumStanding, asking: Asking) -> int:
        """How long the signature shows its bearer what a follower is shown, in seconds."""
        if not asking.signature or not may_see(None, {standing.author_id}, standing):
            return 0
        keys = (standing.key, standing.former_key)
        return max(
            self.urls.seconds_left(media_id, key, asking.expires, asking.signature)
            for key in keys
            if key
        )


def _published(standing: MediumStanding) -> MediumStanding:
    """As it will stand once it is processed."""
    return msgspec.structs.replace(standing, status=Status.PUBLISHED)


def _nothing() -> NotFound:
    return NotFound("there is no such file")


def _not_ready() -> NotReady:
    return NotReady("this file is still being made", retry_after=RETRY_AFTER_S)
