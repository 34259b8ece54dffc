"""Begin an upload: its size is known and within bounds before the first byte comes."""

import re
from dataclasses import dataclass

import msgspec

from calotype.accounts.close import check_open
from calotype.accounts.store import AccountStore
from calotype.blobs.partials import PartialStore
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Invalid, TooManyUploads, Unsupported
from calotype.kernel.ids import IdFactory, shard_of
from calotype.kernel.shielding import to_the_end
from calotype.uploads.settings import UploadSettings
from calotype.uploads.store import UploadStore
from calotype.uploads.upload import Upload

MAX_METADATA = 4_096

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Announced(msgspec.Struct, frozen=True):
    """What a client says of the file that it will send; `sha256` in hex."""

    size: int
    content_type: str = ""
    sha256: str = ""
    metadata: str = ""


@dataclass(frozen=True)
class BeginUpload:
    """The use case, with what it works on."""

    database: Database
    accounts: AccountStore
    uploads: UploadStore
    partials: PartialStore
    ids: IdFactory
    clock: Clock
    limits: UploadSettings

    async def begin(self, user_id: int, announced: Announced) -> Upload:
        """Make room for one file; durable when this returns.

        Raises:
            Invalid: no size, or no SHA-256, or too much metadata.
            TooLarge: larger than one file may be.
            Unsupported: neither a photo nor a video.
            TooManyUploads: the person has too many that no post uses yet.
            NotFound: the person has left meanwhile.
        """
        self._check(announced)
        upload_id = self.ids.new(shard_of(user_id))
        upload = Upload(
            upload_id=upload_id,
            user_id=user_id,
            size=announced.size,
            expires_ms=self.clock.now_ms() + int(self.limits.unfinished_s * 1_000),
            metadata=announced.metadata,
            wanted_sha256=announced.sha256.lower(),
        )

        def add(tx: Transaction) -> None:
            check_open(self.accounts, tx, user_id)
            self._check_room(tx, upload)
            self.uploads.add(tx, upload)

        # The file first: a row always has one, and a file without a row is for the sweep.
        await self.partials.create(upload.name)
        try:
            await self.database.write(shard_of(user_id), add)
        except BaseException:
            # Nobody learns its id: should the commit have succeeded, the row expires by itself.
            await to_the_end(self.partials.discard(upload.name))
            raise
        return upload

    def _check(self, announced: Announced) -> None:
        if announced.size < 1:
            raise Invalid("an upload has at least one byte; say how many come", field="bytes")
        kind = announced.content_type.partition("/")[0].lower()
        if kind not in {"", "image", "video"}:
            raise Unsupported("an upload is a photo or a video; its contentType says otherwise")
        # What it is will be told by its content; a client that says nothing has the larger limit.
        self.limits.check_bytes(announced.size, video=kind != "image")
        if announced.sha256 and not _SHA256.fullmatch(announced.sha256.lower()):
            raise Invalid("sha256 is 64 hexadecimal digits", field="sha256")
        if len(announced.metadata) > MAX_METADATA:
            raise Invalid(f"metadata may have {MAX_METADATA} characters", field="metadata")

    def _check_room(self, tx: Transaction, upload: Upload) -> None:
        held = self.uploads.held(tx, upload.user_id)
        most, most_bytes = self.limits.max_unused, self.limits.max_unused_bytes
        if held.uploads >= most or held.bytes + upload.size > most_bytes:
            raise TooManyUploads(
                f"an account may have {most} uploads with {most_bytes} bytes that no post uses "
                "yet; post or delete some first",
                limit=most,
                remaining=max(0, most - held.uploads),
            )
