"""The way to a post: whoever may not see it is told what those are told who ask for none."""

from dataclasses import dataclass

from calotype.accounts.people import Accounts
from calotype.audience.rule import AudienceRule
from calotype.kernel.errors import NotFound
from calotype.posts.store import PostStore, Standing

NO_POST = "there is no such post"


@dataclass(frozen=True)
class Gate:
    """The audience rule for one post."""

    posts: PostStore
    accounts: Accounts
    rule: AudienceRule

    async def pass_to(self, viewer_id: int | None, post_id: int) -> Standing:
        """How a post stands that this viewer (None: a stranger) may see: two or three round trips.

        Raises:
            NotFound: there is no such post, its author has left, or it is not for this viewer.
        """
        standing = (await self.posts.standings([post_id])).get(post_id)
        if standing is None or not await self.rule.visible(viewer_id, [standing]):
            raise NotFound(NO_POST)
        if standing.author_id not in await self.accounts.by_ids([standing.author_id]):
            raise NotFound(NO_POST)
        return standing
