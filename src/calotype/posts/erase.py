"""Erase everything that an author who left has posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from calotype.blobs.store import BlobStore
from calotype.connections.sql import Database
from calotype.kernel.ids import shard_of
from calotype.posts.store import PostStore
from calotype.posts.withdraw import remove_medium
from calotype.uploads.keys import MASTERS, ORIGINALS

BATCH = 50


class Attached(Protocol):
    """What other rooms keep about posts."""

    async def remove_posts(self, post_ids: Sequence[int]) -> None:
        """Remove it, for posts that are gone for good. Idempotent."""
        ...


@dataclass(frozen=True)
class ErasePosts:
    """The use case, with what it works on."""

    database: Database
    posts: PostStore
    blobs: BlobStore
    attached: Attached

    async def forget(self, user_id: int) -> None:
        """Remove files, then rows, 50 posts at a time. Idempotent: cut short, it goes on there.

        A photo in the works meanwhile finds its post gone and removes what it made.
        """
        while batch := await self.posts.of_author(user_id, BATCH):
            for post in batch:
                for medium in post.media:
                    await remove_medium(self.blobs, user_id, medium.media_id)
            ids = [post.post_id for post in batch]
            await self.attached.remove_posts(ids)
            await self.database.write(
                shard_of(user_id), partial(self.posts.remove, author_id=user_id, post_ids=ids)
            )
        # Whatever a killed request has left: its name holds the person's id.
        for prefix in (ORIGINALS, MASTERS):
            async for blob in self.blobs.list(f"{prefix}{user_id}/"):
                await self.blobs.delete(blob.key)
