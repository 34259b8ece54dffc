"""Take the bytes of an upload: from where it stopped, or all at once.

Guarantees: what is said to be there is durable; a connection that breaks leaves what came; of two
requests at once one is refused; memory is constant.
"""

import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

import msgspec

from calotype.blobs.partials import Digest, Partial, PartialStore
from calotype.connections.sql import Database
from calotype.kernel.clock import Clock
from calotype.kernel.errors import (
    Busy,
    Conflict,
    Gone,
    Malformed,
    NotFound,
    TooLarge,
    WrongOffset,
)
from calotype.kernel.ids import shard_of
from calotype.uploads.finish import REFUSALS, FinishUpload
from calotype.uploads.pace import paced
from calotype.uploads.settings import UploadSettings
from calotype.uploads.store import UploadStore
from calotype.uploads.upload import Progress, Upload, UploadStatus

# An upload's expiry is written again when it has moved by so much.
EXTENSION_MS = 60_000


@dataclass(frozen=True)
class TakeUpload:
    """The use cases, with what they work on."""

    database: Database
    uploads: UploadStore
    partials: PartialStore
    finish: FinishUpload
    clock: Clock
    limits: UploadSettings

    async def progress(self, user_id: int, upload_id: int) -> Progress:
        """How one's own upload stands. One that has all its bytes is finished on the way.

        Raises:
            NotFound: there is no such upload of this person.
        """
        upload = await self._own(user_id, upload_id)
        if upload.status == UploadStatus.COMPLETE:
            return Progress(upload, upload.size)
        if upload.status != UploadStatus.OPEN:
            return Progress(upload, 0)
        try:
            offset = await self.partials.size(upload.name)
            if offset < upload.size:
                return Progress(upload, offset)
            # Whoever sent the last byte was cut off before it was told.
            with suppress(Busy, *REFUSALS):
                async with self.partials.hold(upload.name) as partial:
                    await self._finished(upload, partial)
        except NotFound:
            offset = 0  # it has just ended
        upload = await self._own(user_id, upload_id)
        return Progress(upload, upload.size if upload.status == UploadStatus.COMPLETE else offset)

    async def append(
        self,
        user_id: int,
        upload_id: int,
        offset: int,
        body: AsyncIterator[bytes],
        digest: Digest | None = None,
        length: int | None = None,
    ) -> Progress:
        """Add a piece that begins at `offset`; `length` is its own if that is known beforehand.

        Raises:
            NotFound, Gone: there is no such upload of this person, or its time is over.
            Conflict: it is complete.
            WrongOffset: it does not end at `offset`.
            Busy: another request is at it.
            TooLarge: more than was announced; TooSlow: what came in time is kept.
            DamagedChunk: the piece is not what its digest says; nothing of it is kept.
            BadMedia: it was the last piece, and the file cannot become a post.
        """
        upload = await self._own(user_id, upload_id)
        async with self._held(upload) as (upload, partial):
            if offset != partial.size:
                raise WrongOffset(
                    f"the upload goes on at byte {partial.size}, not at {offset}",
                    offset=partial.size,
                )
            _check_room(upload, partial, length)
            # What has come is kept, so a piece may last for as long as it keeps to its pace.
            patient = msgspec.structs.replace(self.limits, total_s=math.inf)
            return await self._filled(upload, partial, paced(body, patient), digest)

    async def replace(
        self, upload_id: int, body: AsyncIterator[bytes], length: int | None = None
    ) -> Upload:
        """Take a whole file at once; what had come of it before is dropped.

        Who asks was judged by a signature.

        Raises:
            Conflict: it is complete already.
            Malformed: fewer bytes came than were announced.
            And as `append`, but for the offset.
        """
        upload = await self.uploads.get(upload_id)
        if upload is None:
            raise _unknown()
        async with self._held(upload) as (upload, partial):
            await partial.clear()
            _check_room(upload, partial, length)
            progress = await self._filled(upload, partial, paced(body, self.limits), None)
        if progress.offset < upload.size:
            raise Malformed(
                f"{upload.size} bytes were announced, {progress.offset} came; send the whole file"
            )
        return progress.upload

    @asynccontextmanager
    async def _held(self, upload: Upload) -> AsyncIterator[tuple[Upload, Partial]]:
        """An upload that is still OPEN, with another while to live, and its partial blob, held.

        Raises:
            Conflict: it is complete. Gone: it was refused, or its time is over.
        """
        now_ms = self.clock.now_ms()
        if upload.status == UploadStatus.COMPLETE:
            raise Conflict("the upload is complete already", offset=upload.size)
        if upload.status != UploadStatus.OPEN or upload.expires_ms <= now_ms:
            raise Gone(upload.reason or "this upload's time is over; begin a new one")
        async with self.partials.hold(upload.name) as partial:
            yield await self._extended(upload, now_ms), partial

    async def _filled(
        self,
        upload: Upload,
        partial: Partial,
        body: AsyncGenerator[bytes, None],
        digest: Digest | None,
    ) -> Progress:
        async with (
            aclosing(body) as steady,
            aclosing(_bounded(steady, upload.size - partial.size)) as chunks,
        ):
            await partial.append(chunks, digest)
        if partial.size < upload.size:
            return Progress(upload, partial.size)
        return Progress(await self._finished(upload, partial), upload.size)

    async def _finished(self, upload: Upload, partial: Partial) -> Upload:
        # It may have been refused or deleted since it was read, before it was held.
        now = await self.uploads.get(upload.upload_id)
        if now is None:
            raise _unknown()
        return await self.finish.finish(now, partial) if now.status == UploadStatus.OPEN else now

    async def _extended(self, upload: Upload, now_ms: int) -> Upload:
        expires_ms = now_ms + int(self.limits.unfinished_s * 1_000)
        if expires_ms - upload.expires_ms <= EXTENSION_MS:
            return upload
        await self.database.write(
            shard_of(upload.upload_id),
            lambda tx: self.uploads.extend(tx, upload.upload_id, expires_ms),
        )
        return msgspec.structs.replace(upload, expires_ms=expires_ms)

    async def _own(self, user_id: int, upload_id: int) -> Upload:
        upload = await self.uploads.get(upload_id)
        if upload is None or upload.user_id != user_id:
            raise _unknown()
        return upload


def _check_room(upload: Upload, partial: Partial, length: int | None) -> None:
    """Refuse before its first byte what says of itself that it is too much."""
    room = upload.size - partial.size
    if length is not None and length > room:
        raise TooLarge(f"{length} bytes are more than the {room} that are to come", limit=room)


async def _bounded(chunks: AsyncIterator[bytes], room: int) -> AsyncGenerator[bytes, None]:
    async for chunk in chunks:
        room -= len(chunk)
        if room < 0:
            raise TooLarge("more bytes came than the upload was announced with")
        yield chunk


def _unknown() -> NotFound:
    return NotFound("there is no such upload of yours")
