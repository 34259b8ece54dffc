"""Take likes and comments over into what is counted, a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from calotype.accounts.people import Accounts
from calotype.engagement.events import CommentChanged, MarkChanged
from calotype.engagement.store import CommentStore, TallyStore
from calotype.posts.lifecycle import Status
from calotype.posts.store import PostStore


@dataclass(frozen=True)
class ProjectEngagement:
    """The use cases, with what they work on. All are idempotent, and take events in any order."""

    posts: PostStore
    accounts: Accounts
    tallies: TallyStore
    comments: CommentStore

    async def likes(self, changes: Sequence[MarkChanged]) -> list[MarkChanged]:
        """Count changes of likes, but for what and whom there is no more; what made a difference."""
        standings = await self.posts.standings(change.subject.post_id for change in changes)
        kept = {id_ for id_, post in standings.items() if post.status != Status.PURGED}
        on_comments = {id_ for id_ in map(_subject_id, changes) if id_ not in standings}
        kept |= (await self.comments.by_ids(on_comments)).keys()
        people = await self.accounts.by_ids(change.user_id for change in changes)
        return await self.tallies.project(
            [
                change
                for change in changes
                if {change.subject.post_id, change.subject.subject_id} <= kept
                and change.user_id in people
            ]
        )

    async def written(self, changes: Sequence[CommentChanged]) -> list[CommentChanged]:
        """Count comments that were written, remove those withdrawn; what is newly counted."""
        return await self.comments.project(changes)


def _subject_id(change: MarkChanged) -> int:
    return change.subject.subject_id
