"""Uploads that come to nothing: deleted, run out of time, or left by someone who left."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from calotype.blobs.partials import PartialStore
from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Conflict, NotFound
from calotype.kernel.ids import shard_of
from calotype.uploads.settings import UploadSettings
from calotype.uploads.store import UploadStore, Waiting
from calotype.uploads.take import TakeUpload
from calotype.uploads.upload import Upload, UploadStatus

BATCH = 100
# An ended upload is remembered for a week, so that a client that comes back is told.
REMEMBERED_MS = 7 * 86_400_000
EXPIRED = "its upload was not finished in time; please upload it again"


@dataclass(frozen=True)
class AbandonUpload:
    """The use cases, with what they work on."""

    database: Database
    uploads: UploadStore
    partials: PartialStore
    blobs: BlobStore
    waiting: Waiting
    take: TakeUpload
    clock: Clock
    limits: UploadSettings

    async def abandon(self, user_id: int, upload_id: int) -> None:
        """Delete one's own upload, with what has come of it.

        Raises:
            NotFound: there is no such upload of this person.
            Conflict: a post uses it; delete that.
        """

        def remove(tx: Transaction) -> Upload:
            upload = self.uploads.load(tx, [upload_id]).get(upload_id)
            if upload is None or upload.user_id != user_id:
                raise NotFound("there is no such upload of yours")
            if upload.post_id is not None:
                raise Conflict("a post uses this upload; delete the post instead")
            self.uploads.remove(tx, [upload_id])
            return upload

        await self._remove_files(await self.database.write(shard_of(upload_id), remove))

    async def expire(self) -> int:
        """End those whose time is over, and remove what nobody wants; how many ended. Idempotent.

        One that has all its bytes is finished instead: only its sender's last answer was lost.
        """
        await self._finish_whole()
        ended = 0
        now_ms = self.clock.now_ms()
        while batch := await self.uploads.over(now_ms, BATCH):
            for upload in batch:
                await self._expire(upload.upload_id)
            ended += len(batch)
        await self.uploads.forget_old(now_ms - REMEMBERED_MS)
        async for name in self.orphans():
            await self.partials.discard(name)
        return ended

    async def orphans(self) -> AsyncIterator[str]:
        """Names of partial blobs of no OPEN upload, older than the sweep's grace."""
        before_ms = self.clock.now_ms() - int(self.limits.sweep_grace_s * 1_000)
        async for info in self.partials.list():
            if info.modified_ms < before_ms and await self._open(info.name) is None:
                yield info.name

    async def forget(self, user_id: int) -> None:
        """Remove all uploads of someone who left. Idempotent."""
        while batch := await self.uploads.of_person(user_id, BATCH):
            for upload in batch:
                await self._remove_files(upload)
            ids = [upload.upload_id for upload in batch]
            await self.database.write(
                shard_of(user_id), partial(self.uploads.remove, upload_ids=ids)
            )

    async def _expire(self, upload_id: int) -> None:
        def end(tx: Transaction) -> None:
            upload = self.uploads.load(tx, [upload_id]).get(upload_id)
            if upload is None or upload.expires_ms > self.clock.now_ms():
                return  # its sender came back meanwhile
            expired = replace(upload, status=UploadStatus.EXPIRED, reason=EXPIRED)
            if self.uploads.end(tx, expired):
                self.waiting.ended(tx, expired)

        await self.database.write(shard_of(upload_id), end)

    async def _finish_whole(self) -> None:
        async for info in self.partials.list():
            if upload := await self._open(info.name):
                with suppress(NotFound):  # it has just ended
                    await self.take.progress(upload.user_id, upload.upload_id)

    async def _open(self, name: str) -> Upload | None:
        upload = await self.uploads.get(int(name)) if name.isdigit() else None
        return upload if upload and upload.status == UploadStatus.OPEN else None

    async def _remove_files(self, upload: Upload) -> None:
        await self.partials.discard(upload.name)
        await self.blobs.delete(upload.key)
