"""Process a profile picture: make its renditions, show it, remove the one before it.

Guarantees: idempotent; the old picture is shown until the new one is, and its files are removed
after that. A file that cannot be read leaves the old picture, with a reason for its person.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from calotype.accounts.store import AccountStore
from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database, Transaction
from calotype.kernel.errors import AlreadyExists, BadMedia, NotFound
from calotype.kernel.ids import shard_of
from calotype.media.decoders import Decoders
from calotype.media.renditions import AVATAR_RENDITIONS, rendition_key
from calotype.media.wire import Rendered
from calotype.posts.post import Failure
from calotype.posts.withdraw import remove_medium
from calotype.profiles.avatars import OPEN, Avatar, AvatarStatus, AvatarStore
from calotype.uploads.keys import original_key

WORN_OUT = Failure(
    "worn_out", "we could not process this photo after three tries; send it again, or another"
)
LOST = Failure("lost", "the uploaded photo is no longer in the store; please upload it again")


@dataclass(frozen=True)
class ProcessAvatar:
    """The use cases, with what they work on."""

    database: Database
    accounts: AccountStore
    avatars: AvatarStore
    blobs: BlobStore
    decoders: Decoders

    async def process(self, media_id: int) -> None:
        """Bring a picture from WAITING to READY or FAILED, and clear away what it replaces."""
        avatar = await self.avatars.get(media_id)
        if avatar is None:
            return
        if avatar.status in OPEN:
            await self._render(avatar)
        await self.clear(avatar.user_id)

    async def fail(self, media_id: int, failure: Failure) -> None:
        """Give a picture up; changes nothing if it is shown or replaced by now."""
        await self.database.write(
            shard_of(media_id), lambda tx: self.avatars.fail(tx, media_id, failure)
        )

    async def clear(self, user_id: int) -> None:
        """Remove the files of a person's replaced pictures, then the pictures. Idempotent."""
        for avatar in await self.avatars.of_person(user_id):
            if avatar.status == AvatarStatus.REPLACED:
                await self._remove(avatar)

    async def forget(self, user_id: int) -> None:
        """Remove all pictures of a person who left. Idempotent."""
        for avatar in await self.avatars.of_person(user_id):
            await self._remove(avatar)

    async def _render(self, avatar: Avatar) -> None:
        try:
            async with self.blobs.local(original_key(avatar.user_id, avatar.media_id)) as path:
                rendered = await self.decoders.render(path)
        except BadMedia as error:
            await self.fail(avatar.media_id, Failure(error.code, error.message))
        except NotFound:
            await self.fail(avatar.media_id, LOST)
        else:
            await self._keep(avatar, rendered)
            await self._show(avatar)

    async def _keep(self, avatar: Avatar, rendered: Rendered) -> None:
        made = {file.name: file.data for file in rendered.files}
        for rendition in AVATAR_RENDITIONS:
            key = rendition_key(avatar.media_id, avatar.key, rendition.file_name)
            try:
                await self.blobs.put(key, _one(made[rendition.name]))
            except AlreadyExists:
                continue  # an earlier try got as far as this

    async def _show(self, avatar: Avatar) -> None:
        def show(tx: Transaction) -> bool:
            now = self.avatars.load(tx, avatar.media_id)
            if now is not None and now.status in OPEN:
                self.accounts.set_avatar(tx, avatar.user_id, avatar.media_id)
                self.avatars.show(tx, avatar)
            return now is not None

        # None: it was replaced and cleared away, or its person left, while it was in the works.
        if not await self.database.write(shard_of(avatar.user_id), show):
            await remove_medium(self.blobs, avatar.user_id, avatar.media_id)

    async def _remove(self, avatar: Avatar) -> None:
        await remove_medium(self.blobs, avatar.user_id, avatar.media_id)
        await self.database.write(
            shard_of(avatar.user_id), partial(self.avatars.remove, media_id=avatar.media_id)
        )


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
