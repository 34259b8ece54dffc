"""Take along: everything of a person's that they may want to have elsewhere, as one archive."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from calotype.accounts.account import Account
from calotype.accounts.people import Accounts
from calotype.blobs.store import BlobStore
from calotype.departure.archive import Entry, zipped
from calotype.graph.store import Edge, GraphStore
from calotype.kernel.clock import to_datetime
from calotype.kernel.errors import NotFound
from calotype.kernel.ids import MAX_ID, time_of
from calotype.media.renditions import rendition_key
from calotype.posts.post import Medium, Place, Post
from calotype.posts.store import PostStore
from calotype.uploads.keys import original_key

PAGE = 100
# What is left of a medium whose original was not kept.
_LARGEST = "w1080.jpg"
_SUFFIXES = {
    "image/avif": "avif",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/heif": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
}


class TakenProfile(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    user_id: str
    username: str
    name: str
    bio: str
    created: datetime
    email: str | None = None


class TakenMedium(msgspec.Struct, frozen=True, rename="camel"):
    media_id: str
    type: str
    alt_text: str


class TakenPost(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    post_id: str
    status: str
    created: datetime
    caption: str
    tags: tuple[str, ...]
    audience: str
    media: list[TakenMedium]
    published: datetime | None = None
    location: Place | None = None


class TakenPerson(msgspec.Struct, frozen=True, rename="camel"):
    user_id: str
    username: str
    since: datetime


@dataclass(frozen=True)
class TakeAlong:
    """The use case, with what it works on."""

    accounts: Accounts
    posts: PostStore
    graph: GraphStore
    blobs: BlobStore

    async def archive(self, user_id: int) -> AsyncIterator[bytes]:
        """A zip of profile.json, posts.json, following.json, followers.json and media/.

        Media as they were sent, by their ids. Memory: a page of 100 posts and a chunk of a file.
        What is posted or removed meanwhile may be in it or not.

        Raises:
            NotFound: there is no such person.
        """
        account = await self.accounts.by_id(user_id)
        return zipped(self._entries(account))

    async def _entries(self, account: Account) -> AsyncIterator[Entry]:
        user_id, made_ms = account.user_id, account.created_ms
        profile = msgspec.json.encode(_profile(account))
        yield Entry("profile.json", made_ms, _once(profile))
        yield Entry("posts.json", made_ms, _listed(self._told_posts(user_id)))
        for name, read in (
            ("following", self.graph.following),
            ("followers", self.graph.followers),
        ):
            yield Entry(f"{name}.json", made_ms, _listed(self._people(user_id, read)))
        async for posts in self._pages(user_id):
            for medium in (medium for post in posts for medium in post.media):
                if (entry := await self._file(medium)) is not None:
                    yield entry

    async def _pages(self, user_id: int) -> AsyncIterator[list[Post]]:
        after = 0
        while posts := await self.posts.written_by(user_id, after, PAGE):
            yield posts
            after = posts[-1].post_id

    async def _told_posts(self, user_id: int) -> AsyncIterator[Sequence[Any]]:
        async for posts in self._pages(user_id):
            yield [_post(post) for post in posts]

    async def _people(
        self, user_id: int, read: Callable[[int, int, int], Awaitable[list[Edge]]]
    ) -> AsyncIterator[Sequence[Any]]:
        before = MAX_ID
        while edges := await read(user_id, before, PAGE):
            accounts = await self.accounts.by_ids(edge.user_id for edge in edges)
            yield [
                TakenPerson(
                    str(edge.user_id),
                    accounts[edge.user_id].username,
                    to_datetime(time_of(edge.edge_id)),
                )
                for edge in edges
                if edge.user_id in accounts
            ]
            before = edges[-1].edge_id

    async def _file(self, medium: Medium) -> Entry | None:
        """The original, else the largest picture that was made of it, if there is any."""
        suffix = _SUFFIXES.get(medium.content_type, "bin")
        for key, ending in (
            (original_key(medium.author_id, medium.media_id), suffix),
            (rendition_key(medium.media_id, medium.key, _LARGEST), "jpg"),
        ):
            try:
                info = await self.blobs.stat(key)
            except NotFound:
                continue
            return Entry(
                name=f"media/{medium.media_id}.{ending}",
                made_ms=time_of(medium.media_id),
                chunks=self.blobs.stream(key),
                size=info.size,
            )
        return None


def _profile(account: Account) -> TakenProfile:
    return TakenProfile(
        user_id=str(account.user_id),
        username=account.username,
        name=account.name,
        bio=account.bio,
        created=to_datetime(account.created_ms),
        email=account.email,
    )


def _post(post: Post) -> TakenPost:
    return TakenPost(
        post_id=str(post.post_id),
        status=post.status,
        created=to_datetime(time_of(post.post_id)),
        caption=post.caption,
        tags=post.tags,
        audience=post.audience,
        media=[
            TakenMedium(str(medium.media_id), medium.kind, medium.alt_text) for medium in post.media
        ],
        published=to_datetime(time_of(post.published_id)) if post.published_id else None,
        location=post.place,
    )


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _listed(pages: AsyncIterator[Sequence[Any]]) -> AsyncIterator[bytes]:
    """Pages of things as one JSON list."""
    before = b"["
    async for page in pages:
        for each in page:
            yield before + msgspec.json.encode(each)
            before = b",\n"
    yield b"]" if before != b"[" else b"[]"
