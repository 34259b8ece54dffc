"""Take likes over into the projection that is counted, a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from calotype.accounts.people import Accounts
from calotype.engagement.events import MarkChanged
from calotype.engagement.store import TallyStore
from calotype.posts.lifecycle import Status
from calotype.posts.store import PostStore


@dataclass(frozen=True)
class ProjectLikes:
    """The use case, with what it works on."""

    posts: PostStore
    accounts: Accounts
    tallies: TallyStore

    async def project(self, changes: Sequence[MarkChanged]) -> list[MarkChanged]:
        """Count changes of likes, but of posts and by people that are gone; those that made a difference.

        Idempotent, in any order.
        """
        standings = await self.posts.standings(change.subject.post_id for change in changes)
        kept = {id_ for id_, post in standings.items() if post.status != Status.PURGED}
        people = await self.accounts.by_ids(change.user_id for change in changes)
        return await self.tallies.project(
            [
                change
                for change in changes
                if change.subject.post_id in kept and change.user_id in people
            ]
        )
