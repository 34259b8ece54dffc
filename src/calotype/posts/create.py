"""Create a post: receive, check, record, promise.

Guarantees: when `create` returns, the originals and the post are durable and processing is
promised by a job. When it raises, nothing of the request is left but what the sweep removes.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from calotype.accounts.close import check_open
from calotype.accounts.store import AccountStore
from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.events.log import Outbox
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import IdFactory, shard_of
from calotype.posts.draft import TEXT_FIELDS, Draft, MediumWish, look_of, read_draft
from calotype.posts.events import UPLOADED, post_event
from calotype.posts.lifecycle import Status
from calotype.posts.once import Once
from calotype.posts.post import Medium, MediumKind, Post, new_key
from calotype.posts.store import PostStore
from calotype.uploads.keys import original_key
from calotype.uploads.receive import (
    NewFile,
    ReceivePlan,
    fingerprint,
    receive,
    taken_back_if_refused,
)
from calotype.uploads.settings import UploadSettings

FILE_FIELDS = frozenset({"mediaFile", "mediaFile[]"})
PHOTO_LANE = "photos"
VIDEO_LANE = "videos"
PROCESS = "media.process"


class File(Protocol):
    """What a post is made of: a file that was received with it, or an upload."""

    @property
    def media_id(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def sha256(self) -> str: ...

    @property
    def content_type(self) -> str: ...

    @property
    def moves(self) -> bool: ...


@dataclass(frozen=True)
class CreatePost:
    """The use case, with what it works on."""

    database: Database
    accounts: AccountStore
    posts: PostStore
    jobs: JobQueue
    outbox: Outbox
    once: Once
    blobs: BlobStore
    ids: IdFactory
    uploads: UploadSettings

    async def create(
        self, author_id: int, body: AsyncIterator[bytes], content_type: str, key: str | None
    ) -> Post:
        """Create a post in PROCESSING from a multipart form.

        With an idempotency key, a repeated request returns the post that the first one made.

        Raises:
            BadMedia, Invalid, Malformed, TooLarge, TooSlow: the request is at fault.
            InFlight: a twin with the same key is still being answered.
            KeyReused: the key belongs to a request with another body.
            NotFound: the author has left meanwhile.
        """

        async def make() -> Post:
            return await self._create(author_id, body, content_type, key)

        async def print_() -> str:
            return await fingerprint(body, content_type, self._plan(author_id))

        return await self.once.create(author_id, key, make, print_)

    async def _create(
        self, author_id: int, body: AsyncIterator[bytes], content_type: str, key: str | None
    ) -> Post:
        received = await receive(body, content_type, self._plan(author_id))
        async with taken_back_if_refused(self.blobs, received):
            if not received.files:
                raise Invalid("a post has 1 to 10 photos or videos; none came", field="mediaFile")
            draft = read_draft(received.fields, len(received.files))
            post_id = self.ids.new(shard_of(author_id))
            post = compose(post_id, author_id, draft, received.files, Status.PROCESSING)
            await self._record(post, key, received.fingerprint())
        return post

    def _plan(self, author_id: int) -> ReceivePlan:
        def new_file() -> NewFile:
            media_id = self.ids.new(shard_of(author_id))
            return NewFile(media_id, original_key(author_id, media_id))

        return ReceivePlan(
            blobs=self.blobs,
            file_fields=FILE_FIELDS,
            text_fields=TEXT_FIELDS,
            limits=self.uploads,
            new_file=new_file,
            videos=True,
        )

    async def _record(self, post: Post, key: str | None, body_fingerprint: str) -> None:
        def record(tx: Transaction) -> None:
            check_open(self.accounts, tx, post.author_id)
            self.posts.insert(tx, post)
            self.jobs.enqueue(tx, [process_job(medium) for medium in post.media])
            self.outbox.append(tx, post_event(UPLOADED, post.post_id, post.author_id))
            if key is not None:
                self.once.keys.complete(tx, post.author_id, key, post.post_id, body_fingerprint)

        await self.database.write(shard_of(post.post_id), record)


def compose(
    post_id: int, author_id: int, draft: Draft, files: Sequence[File], status: Status
) -> Post:
    """The post that an author wants made of these files, in their order.

    Raises:
        Invalid: a video is to have a look, which is for photos alone.
    """
    wishes = draft.wishes + (MediumWish(),) * (len(files) - len(draft.wishes))
    media = tuple(
        Medium(
            media_id=file.media_id,
            post_id=post_id,
            author_id=author_id,
            position=position,
            key=new_key(),
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            alt_text=wish.alt_text,
            look=look_of(wish, kind_of(file), position),
            kind=kind_of(file),
        )
        for position, (file, wish) in enumerate(zip(files, wishes, strict=True))
    )
    return Post(
        post_id=post_id,
        author_id=author_id,
        status=status,
        caption=draft.caption,
        tags=draft.tags,
        mentions=draft.mentions,
        audience=draft.audience,
        media=media,
        place=draft.place,
    )


def kind_of(file: File) -> MediumKind:
    return MediumKind.VIDEO if file.moves else MediumKind.PHOTO


def process_job(medium: Medium) -> NewJob:
    """The job that makes a medium's renditions."""
    return NewJob(
        shard=shard_of(medium.media_id),
        lane=lane_of(medium.kind),
        kind=PROCESS,
        key=str(medium.media_id),
        account=medium.author_id,
    )


def lane_of(kind: MediumKind) -> str:
    """Where the jobs of a kind wait: no photo stands behind a video, which takes minutes."""
    return VIDEO_LANE if kind == MediumKind.VIDEO else PHOTO_LANE
