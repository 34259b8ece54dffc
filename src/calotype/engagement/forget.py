"""Forget engagement: of a person who left, or of posts that are gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from calotype.connections.sql import Database
from calotype.engagement.mark import Kind
from calotype.engagement.store import CommentStore, MarkStore, TallyStore
from calotype.kernel.ids import shard_of

BATCH = 200


@dataclass(frozen=True)
class ForgetEngagement:
    """The use cases, with what they work on. Both are idempotent: cut short, they go on there."""

    database: Database
    marks: MarkStore
    tallies: TallyStore
    comments: CommentStore

    async def forget(self, user_id: int) -> None:
        """Take back all likes, saves and comments of a person; other people's counts follow."""
        while marks := await self.marks.of_person(user_id, BATCH):
            liked = [mark.subject_id for mark in marks if mark.kind != Kind.SAVE]
            await self.tallies.remove_liker(user_id, liked)
            remove = partial(self.marks.remove, user_id=user_id, marks=marks)
            await self.database.write(shard_of(user_id), remove)
        while comments := await self.comments.of_author(user_id, BATCH):
            await self.comments.remove(comments)

    async def remove_posts(self, post_ids: Sequence[int]) -> None:
        """Remove the comments on posts that are gone, their likes and their counts."""
        for post_id in post_ids:
            while comments := await self.comments.of_post(post_id, BATCH):
                await self.comments.remove(comments)
        await self.tallies.remove(post_ids)
