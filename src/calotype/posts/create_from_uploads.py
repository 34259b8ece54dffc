"""Create a post from uploads: some may still be on their way."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from calotype.accounts.close import check_open
from calotype.accounts.store import AccountStore
from calotype.connections.sql import Database, Transaction
from calotype.events.log import Outbox
from calotype.jobs.queue import JobQueue
from calotype.kernel.errors import Conflict, Gone, Invalid, Malformed, NotFound
from calotype.kernel.ids import IdFactory, parse_id, shard_of
from calotype.posts.create import compose, process_job
from calotype.posts.draft import Draft, read_draft
from calotype.posts.events import UPLOADED, post_event
from calotype.posts.lifecycle import Status
from calotype.posts.once import Once
from calotype.posts.post import Place, Post
from calotype.posts.store import PostStore
from calotype.uploads.store import UploadStore
from calotype.uploads.upload import Upload, UploadStatus

MAX_MEDIA = 10


class PostFromUploads(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The request's body. Each of `media` is an `uploadId` and what a form says of a photo."""

    media: list[dict[str, Any]]
    caption: str = ""
    location: Place | None = None
    tags: list[str] = []
    audience: str = ""


@dataclass(frozen=True)
class CreateFromUploads:
    """The use case, with what it works on."""

    database: Database
    accounts: AccountStore
    posts: PostStore
    uploads: UploadStore
    jobs: JobQueue
    outbox: Outbox
    once: Once
    ids: IdFactory

    async def create(self, author_id: int, body: bytes, key: str | None) -> Post:
        """Create a post from one's own uploads: PROCESSING if all are complete, else UPLOADING.

        Raises:
            Malformed, Invalid: the body is at fault; or one of `Once`'s reasons.
            NotFound: one is no upload of this person, or they have left.
            Conflict: one is used by a post already. Gone: one came to nothing.
        """
        print_ = hashlib.sha256(body).hexdigest()

        async def make() -> Post:
            return await self._make(author_id, body, key, print_)

        async def fingerprint() -> str:
            return print_

        return await self.once.create(author_id, key, make, fingerprint)

    async def _make(self, author_id: int, body: bytes, key: str | None, print_: str) -> Post:
        wanted = _read(body)
        upload_ids = _upload_ids(wanted)
        draft = _draft_of(wanted)
        post_id = self.ids.new(shard_of(author_id))

        def record(tx: Transaction) -> Post:
            check_open(self.accounts, tx, author_id)
            found = self.uploads.load(tx, upload_ids)
            uploads = [_usable(found, id_, author_id) for id_ in upload_ids]
            complete = all(each.status == UploadStatus.COMPLETE for each in uploads)
            status = Status.PROCESSING if complete else Status.UPLOADING
            post = compose(post_id, author_id, draft, uploads, status)
            self.posts.insert(tx, post)
            self.uploads.use(tx, upload_ids, post_id)
            if complete:
                self.jobs.enqueue(tx, [process_job(medium) for medium in post.media])
                self.outbox.append(tx, post_event(UPLOADED, post_id, author_id))
            if key is not None:
                self.once.keys.complete(tx, author_id, key, post_id, print_)
            return post

        return await self.database.write(shard_of(author_id), record)


def _read(body: bytes) -> PostFromUploads:
    try:
        return msgspec.json.decode(body, type=PostFromUploads)
    except msgspec.ValidationError as error:
        raise Invalid(f"the post is not what it should be: {error}") from error
    except msgspec.DecodeError as error:
        raise Malformed(f"the body is no JSON: {error}") from error


def _upload_ids(wanted: PostFromUploads) -> Sequence[int]:
    if not 1 <= len(wanted.media) <= MAX_MEDIA:
        raise Invalid(f"a post has 1 to {MAX_MEDIA} media", field="media")
    ids = [parse_id(str(each.get("uploadId", "")), "uploadId") for each in wanted.media]
    if len(set(ids)) < len(ids):
        raise Invalid("an upload can be in a post only once", field="media")
    return ids


def _draft_of(wanted: PostFromUploads) -> Draft:
    """By the same road as a form's, so that the same rules hold."""
    wishes = [
        {name: value for name, value in each.items() if name != "uploadId"} for each in wanted.media
    ]
    fields = [
        ("caption", wanted.caption),
        ("audience", wanted.audience),
        ("media", msgspec.json.encode(wishes).decode()),
        ("location", msgspec.json.encode(wanted.location).decode() if wanted.location else ""),
        *(("tags", tag) for tag in wanted.tags),
    ]
    return read_draft(fields, len(wishes))


def _usable(found: Mapping[int, Upload], upload_id: int, author_id: int) -> Upload:
    upload = found.get(upload_id)
    if upload is None or upload.user_id != author_id:
        raise NotFound(f"there is no upload {upload_id} of yours", field="media")
    if upload.post_id is not None:
        raise Conflict(
            f"the upload {upload_id} is used by a post already; upload the file again",
            field="media",
        )
    if upload.status not in {UploadStatus.OPEN, UploadStatus.COMPLETE}:
        raise Gone(f"the upload {upload_id} came to nothing: {upload.reason}", field="media")
    return upload
