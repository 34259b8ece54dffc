"""Receives a form: its files go to the blob store while they arrive, its texts stay in memory.

Guarantees: memory is bounded by a few MiB whatever is sent; every file is checked, hashed and
durable when `receive` returns; after any failure the blobs that this request stored are deleted,
as far as the store allows (what a killed process leaves is for the sweep).
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Protocol

import msgspec

from calotype.kernel.errors import (
    AlreadyExists,
    BadMedia,
    CalotypeError,
    Conflict,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
)
from calotype.kernel.shielding import to_the_end
from calotype.uploads.form import Part, read_form
from calotype.uploads.headers.walker import Header
from calotype.uploads.inspect import Inspector
from calotype.uploads.pace import paced
from calotype.uploads.settings import UploadSettings

# One hop to a thread for hashing and one for writing per batch.
BATCH = 1024 * 1024
_MAX_NAMED = 100  # characters of a client's own words that an error repeats


class NewFile(msgspec.Struct, frozen=True):
    """A fresh media id and the key for its original."""

    media_id: int
    key: str


class Sink(Protocol):
    """The part of a BlobStore that receiving needs, with the same promises."""

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> object: ...

    async def delete(self, key: str) -> None: ...


class ReceivePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a request may hold and where its files go.

    `file_fields` and `text_fields` name the accepted parts; any other is refused. `new_file` is
    called once for each file, when its part begins. Without `videos`, only pictures are accepted.
    """

    file_fields: frozenset[str]
    text_fields: frozenset[str]
    new_file: Callable[[], NewFile]
    blobs: Sink
    limits: UploadSettings = UploadSettings()
    videos: bool = False


class ReceivedFile(msgspec.Struct, frozen=True):
    """A stored, checked file. `sha256` in hex; `filename` as the client gave it: do not trust it."""

    media_id: int
    key: str
    size: int
    sha256: str
    header: Header
    filename: str | None = None

    @property
    def content_type(self) -> str:
        return self.header.content_type

    @property
    def moves(self) -> bool:
        """Whether it is shown as a video."""
        return self.header.moves


class Received(msgspec.Struct, frozen=True):
    """Texts and files, each in the order in which they came; a text may be repeated."""

    fields: Sequence[tuple[str, str]]
    files: Sequence[ReceivedFile]

    def fingerprint(self) -> str:
        """SHA-256 in hex over the texts and the files' hashes: equal for a request sent again."""
        content = (self.fields, [file.sha256 for file in self.files])
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


async def receive(body: AsyncIterator[bytes], content_type: str, plan: ReceivePlan) -> Received:
    """Read the whole form and store its files.

    Raises:
        Unsupported, Malformed: not a form, or not a whole one.
        Invalid: an unknown part, too many files or parts, a text that is not UTF-8.
        TooLarge: a file, or the texts together, beyond the limit in `details["limit"]`.
        TooSlow: the client keeps to no decent pace.
        BadMedia: a file that cannot become a post; `details` hold its `field` and `index`.
        StorageFull, Unavailable: the store cannot take it.
    """
    intake = _Intake(plan)
    try:
        async with (
            aclosing(paced(body, plan.limits)) as steady,
            aclosing(read_form(steady, content_type, plan.limits)) as parts,
        ):
            async for part in parts:
                await intake.take(part)
    except BaseException:
        await to_the_end(_discard(plan.blobs, intake.files))
        raise
    return Received(intake.fields, intake.files)


@asynccontextmanager
async def taken_back_if_refused(blobs: Sink, received: Received) -> AsyncIterator[None]:
    """Delete what was received if its use is refused: then no commit has happened.

    After any other failure the commit may have succeeded all the same, and the files are the
    sweep's to judge.
    """
    try:
        yield
    except (Invalid, NotFound, Conflict):
        await to_the_end(_discard(blobs, received.files))
        raise


async def fingerprint(body: AsyncIterator[bytes], content_type: str, plan: ReceivePlan) -> str:
    """The fingerprint that `receive` would give this body, with nothing stored.

    Raises:
        As `receive`, but for the store.
    """
    dry = msgspec.structs.replace(plan, blobs=_Nowhere(), new_file=lambda: NewFile(0, ""))
    return (await receive(body, content_type, dry)).fingerprint()


class _Nowhere:
    """A sink that keeps nothing."""

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:  # noqa: ARG002
        async for _ in chunks:
            pass

    async def delete(self, key: str) -> None: ...


class _Intake:
    """What one request has given so far."""

    def __init__(self, plan: ReceivePlan) -> None:
        self._plan = plan
        self._text_bytes = 0
        self.fields: list[tuple[str, str]] = []
        self.files: list[ReceivedFile] = []

    async def take(self, part: Part) -> None:
        if part.name in self._plan.file_fields:
            await self._take_file(part)
        elif part.name in self._plan.text_fields:
            self.fields.append((part.name, await self._read_text(part)))
        else:
            accepted = ", ".join(sorted(self._plan.file_fields | self._plan.text_fields))
            name = part.name[:_MAX_NAMED]
            raise Invalid(f"there is no field {name!r} here, only {accepted}", field=name)

    async def _read_text(self, part: Part) -> str:
        limit = self._plan.limits.max_text_bytes
        text = bytearray()
        async for chunk in part.content:
            text += chunk
            self._text_bytes += len(chunk)
            if self._text_bytes > limit:
                raise TooLarge(
                    f"the texts of a form may have {limit} bytes together; shorten {part.name}",
                    limit=limit,
                    field=part.name,
                )
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise Invalid(f"{part.name} must be text in UTF-8", field=part.name) from error

    async def _take_file(self, part: Part) -> None:
        limits = self._plan.limits
        index = len(self.files)
        if index >= limits.max_files:
            raise Invalid(
                f"at most {limits.max_files} files at once; send the others apart",
                field=part.name,
                limit=limits.max_files,
            )
        new = self._plan.new_file()
        checked = _CheckedFile(part, self._plan)
        try:
            async with aclosing(checked.batches()) as batches:
                await self._plan.blobs.put(new.key, batches)
        except (BadMedia, TooLarge) as error:
            error.details.update(field=part.name, index=index)
            raise
        except AlreadyExists as error:
            # The content is spent: only the client can send it again, under another fresh id.
            raise Unavailable("a new id was taken already; send it again", retry_after=1) from error
        self.files.append(checked.received(new))


class _CheckedFile:
    """A part's content on its way to the store: counted, inspected and hashed."""

    def __init__(self, part: Part, plan: ReceivePlan) -> None:
        limits = plan.limits
        self._part = part
        self._limits = limits
        self._inspector = Inspector(limits.images, limits.videos if plan.videos else None)
        self._digest = hashlib.sha256()
        self._size = 0
        self._header: Header | None = None

    async def batches(self) -> AsyncGenerator[bytes, None]:
        """The content in pieces of 1 MiB; ends only if the whole file passed its checks."""
        pending = bytearray()
        async for chunk in self._part.content:
            self._size += len(chunk)
            self._inspector.feed(chunk)
            self._limits.check_bytes(self._size, video=self._inspector.is_video)
            pending += chunk
            if len(pending) >= BATCH:
                yield await self._hashed(bytes(pending))
                pending.clear()
        self._header = self._inspector.finish()
        if pending:
            yield await self._hashed(bytes(pending))

    def received(self, new: NewFile) -> ReceivedFile:
        assert self._header
        return ReceivedFile(
            media_id=new.media_id,
            key=new.key,
            size=self._size,
            sha256=self._digest.hexdigest(),
            header=self._header,
            filename=self._part.filename or None,
        )

    async def _hashed(self, batch: bytes) -> bytes:
        await asyncio.to_thread(self._digest.update, batch)
        return batch


async def _discard(blobs: Sink, files: Sequence[ReceivedFile]) -> None:
    for file in files:
        with suppress(CalotypeError):  # the sweep will find it
            await blobs.delete(file.key)
