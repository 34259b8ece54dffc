"""Finish an upload: every byte is there, so check the whole and hand it over.

Guarantees: idempotent, whatever was cut off in between. The file is a blob before the row says
so, and stays a partial blob until it does.
"""

import hashlib
from dataclasses import dataclass

from msgspec.structs import replace

from calotype.accounts.close import check_open
from calotype.accounts.store import AccountStore
from calotype.blobs.partials import Partial, PartialStore
from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import BadMedia, NotFound, TooLarge, WrongContent
from calotype.kernel.ids import shard_of
from calotype.kernel.shielding import to_the_end
from calotype.uploads.headers.walker import Header
from calotype.uploads.inspect import Inspector
from calotype.uploads.settings import UploadSettings
from calotype.uploads.store import UploadStore, Waiting
from calotype.uploads.upload import Upload, UploadStatus

# Whatever else goes wrong can be tried again.
REFUSALS = (BadMedia, TooLarge)


@dataclass(frozen=True)
class FinishUpload:
    """The use case, with what it works on."""

    database: Database
    accounts: AccountStore
    uploads: UploadStore
    partials: PartialStore
    blobs: BlobStore
    waiting: Waiting
    clock: Clock
    limits: UploadSettings

    async def finish(self, upload: Upload, partial: Partial) -> Upload:
        """Check and keep a held partial blob of full size; the upload as it is now.

        Raises:
            BadMedia, TooLarge: the file cannot become a post, or is not the one that was announced; the
                upload is REFUSED.
            NotFound: the upload was deleted, or the person has left, meanwhile.
        """
        try:
            header, sha256 = await self._checked(upload, partial)
        except REFUSALS as error:
            await self._end(replace(upload, status=UploadStatus.REFUSED, reason=error.message))
            await self.partials.discard(upload.name)
            raise
        await partial.place(upload.key)
        complete = replace(
            upload,
            status=UploadStatus.COMPLETE,
            header=header,
            sha256=sha256,
            expires_ms=self.clock.now_ms() + int(self.limits.unfinished_s * 1_000),
        )
        try:
            await self._end(complete)
        except NotFound:
            await to_the_end(self.blobs.delete(upload.key))
            raise
        await self.partials.discard(upload.name)
        return complete

    async def _checked(self, upload: Upload, partial: Partial) -> tuple[Header, str]:
        inspector = Inspector(self.limits.images, self.limits.videos)
        digest = hashlib.sha256()

        def look(chunk: bytes) -> None:
            digest.update(chunk)
            inspector.feed(chunk)

        await partial.scan(look)
        header, sha256 = inspector.finish(), digest.hexdigest()
        self.limits.check_bytes(upload.size, video=header.is_video)
        if upload.wanted_sha256 and sha256 != upload.wanted_sha256:
            raise WrongContent("the file does not have the SHA-256 announced for it; send it again")
        return header, sha256

    async def _end(self, upload: Upload) -> None:
        def end(tx: Transaction) -> None:
            check_open(self.accounts, tx, upload.user_id)
            now = self.uploads.load(tx, [upload.upload_id]).get(upload.upload_id)
            if now is None or not self.uploads.end(tx, upload):
                raise NotFound("there is no such upload of yours any more")
            # A post may have begun to wait for it since it was read.
            self.waiting.ended(tx, replace(upload, post_id=now.post_id))

        await self.database.write(shard_of(upload.user_id), end)
