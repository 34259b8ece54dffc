"""Find the blob behind a media URL, for whoever may see it."""

from dataclasses import dataclass
from typing import Protocol

from calotype.audience.rule import AudienceRule
from calotype.blobs.store import BlobInfo, BlobStore
from calotype.delivery.urls import MediaUrls
from calotype.kernel.errors import NotFound, NotReady
from calotype.media.renditions import BY_FILE_NAME, Rendition, rendition_key
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Medium, Post
from calotype.posts.store import PostStore

YEAR_S = 31_536_000
RETRY_AFTER_S = 1


class ShownAvatars(Protocol):
    """Who knows profile pictures; the room that keeps them answers."""

    async def shown_key(self, media_id: int) -> str | None:
        """The key of a picture's renditions while it is someone's present one, else None."""
        ...


@dataclass(frozen=True)
class Servable:
    """A blob that may be sent: what it is, and for how long who may keep it."""

    blob: BlobInfo
    content_type: str
    public: bool
    max_age_s: int


@dataclass(frozen=True)
class ServeMedia:
    """The use case, with what it works on."""

    posts: PostStore
    avatars: ShownAvatars
    blobs: BlobStore
    rule: AudienceRule
    urls: MediaUrls

    async def find(
        self,
        media_id: int,
        file_name: str,
        viewer_id: int | None,
        expires: int = 0,
        signature: str = "",
    ) -> Servable:
        """The rendition, if the viewer or the signature may have it.

        Raises:
            NotReady: it is public and still being processed.
            NotFound: there is no such rendition, or none that may be seen.
        """
        rendition = BY_FILE_NAME.get(file_name)
        found = await self.posts.medium(media_id) if rendition else None
        if rendition is None:
            raise NotFound("there is no such file")
        if found is None:
            return await self._avatar(media_id, rendition)
        medium, post = found
        public = post.status == Status.PUBLISHED and post.audience == Audience.EVERYONE
        max_age = (
            YEAR_S
            if public
            else await self._private_age(medium, post, viewer_id, expires, signature)
        )
        blob = await self.blobs.stat(rendition_key(media_id, medium.key, file_name))
        return Servable(blob, rendition.content_type, public, max_age)

    async def _avatar(self, media_id: int, rendition: Rendition) -> Servable:
        key = await self.avatars.shown_key(media_id)
        if key is None:
            raise NotFound("there is no such file")
        blob = await self.blobs.stat(rendition_key(media_id, key, rendition.file_name))
        return Servable(blob, rendition.content_type, public=True, max_age_s=YEAR_S)

    async def _private_age(
        self, medium: Medium, post: Post, viewer_id: int | None, expires: int, signature: str
    ) -> int:
        if post.status == Status.PROCESSING and post.audience == Audience.EVERYONE:
            raise NotReady("this file is still being made", retry_after=RETRY_AFTER_S)
        if post.status == Status.PUBLISHED:
            left = self.urls.seconds_left(medium, expires, signature)
            if left > 0:
                return left
        if not await self.rule.visible(viewer_id, [post]):
            raise NotFound("there is no such file")
        return 0
