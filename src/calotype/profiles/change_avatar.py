"""Give oneself a profile picture, or have none."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from calotype.accounts.close import check_open
from calotype.accounts.store import AccountStore
from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue, NewJob
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import IdFactory, shard_of
from calotype.posts.create import PHOTO_LANE
from calotype.posts.withdraw import UPKEEP_LANE
from calotype.profiles.avatars import Avatar, AvatarStore
from calotype.uploads.keys import original_key
from calotype.uploads.receive import NewFile, ReceivePlan, receive, taken_back_if_refused
from calotype.uploads.settings import UploadSettings

FILE_FIELDS = frozenset({"mediaFile"})
PROCESS = "avatar.process"
CLEAR = "avatar.clear"


@dataclass(frozen=True)
class ChangeAvatar:
    """The use cases, with what they work on."""

    database: Database
    accounts: AccountStore
    avatars: AvatarStore
    jobs: JobQueue
    blobs: BlobStore
    ids: IdFactory
    uploads: UploadSettings

    async def replace(self, user_id: int, body: AsyncIterator[bytes], content_type: str) -> Avatar:
        """Receive a form with one photo; it is shown once it is processed, the old one until then.

        Raises:
            BadMedia, Invalid, Malformed, TooLarge, TooSlow: the request is at fault.
            NotFound: the person has left meanwhile.
        """
        received = await receive(body, content_type, self._plan(user_id))
        async with taken_back_if_refused(self.blobs, received):
            if not received.files:
                raise Invalid("send one photo as mediaFile; none came", field="mediaFile")
            avatar = Avatar(received.files[0].media_id, user_id, secrets.token_urlsafe(15))
            await self._record(avatar)
        return avatar

    async def remove(self, user_id: int) -> None:
        """Show none; repeating it changes nothing. The files are removed by a job."""

        def remove(tx: Transaction) -> None:
            self.accounts.set_avatar(tx, user_id, None)
            self.avatars.retire(tx, user_id)
            job = NewJob(shard_of(user_id), UPKEEP_LANE, CLEAR, str(user_id))
            self.jobs.enqueue(tx, [job])

        await self.database.write(shard_of(user_id), remove)

    def _plan(self, user_id: int) -> ReceivePlan:
        def new_file() -> NewFile:
            media_id = self.ids.new(shard_of(user_id))
            return NewFile(media_id, original_key(user_id, media_id))

        return ReceivePlan(
            blobs=self.blobs,
            file_fields=FILE_FIELDS,
            text_fields=frozenset(),
            limits=msgspec.structs.replace(self.uploads, max_files=1),
            new_file=new_file,
        )

    async def _record(self, avatar: Avatar) -> None:
        shard = shard_of(avatar.user_id)

        def record(tx: Transaction) -> None:
            check_open(self.accounts, tx, avatar.user_id)
            self.avatars.add(tx, avatar)
            self.jobs.enqueue(tx, [_process_job(avatar)])

        await self.database.write(shard, record)


def _process_job(avatar: Avatar) -> NewJob:
    return NewJob(
        shard=shard_of(avatar.user_id),
        lane=PHOTO_LANE,
        kind=PROCESS,
        key=str(avatar.media_id),
        account=avatar.user_id,
    )
