"""Read a profile: the person, the counts, a page of posts."""

from dataclasses import dataclass

from calotype.accounts.account import Account
from calotype.accounts.people import Accounts
from calotype.audience.rule import AudienceRule
from calotype.graph.store import FollowCounts, GraphStore
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID, parse_id
from calotype.kernel.paging import Before, Page, decode_cursor, encode_cursor
from calotype.posts.post import Post
from calotype.posts.store import PostStore

MAX_LIMIT = 100
OWN_PROCESSING = 10


@dataclass(frozen=True)
class Profile:
    """A person's page for one viewer."""

    account: Account
    post_count: int
    follow_counts: FollowCounts
    following: bool
    posts: Page[Post]


@dataclass(frozen=True)
class ReadProfile:
    """The use case, with what it works on."""

    accounts: Accounts
    posts: PostStore
    graph: GraphStore
    rule: AudienceRule

    async def find(self, name: str) -> Account:
        """A person by id or by @username. Raises NotFound; Invalid if it is neither."""
        if name.startswith("@"):
            return await self.accounts.by_username(name[1:])
        return await self.accounts.by_id(parse_id(name, "a person's id (or an @username)"))

    async def read(
        self, viewer_id: int | None, name: str, cursor: str | None, limit: int
    ) -> Profile:
        """The page; its posts newest first, one's own still in processing before the first.

        Raises:
            NotFound: there is no such person.
            Invalid, Malformed: the limit (1 to 100) or the cursor is wrong.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
        account = await self.find(name)
        user_id = account.user_id
        edge = await self.graph.edge(viewer_id, user_id) if viewer_id is not None else None
        return Profile(
            account=account,
            post_count=await self.posts.published_count(user_id),
            follow_counts=await self.graph.counts(user_id),
            following=edge is not None,
            posts=await self._posts(viewer_id, user_id, cursor, limit),
        )

    async def _posts(
        self, viewer_id: int | None, user_id: int, cursor: str | None, limit: int
    ) -> Page[Post]:
        before = decode_cursor(cursor, Before).id if cursor else MAX_ID
        audiences = await self.rule.audiences(viewer_id, user_id)
        # Asked first: what is published in between is then seen twice here, and never not at all.
        processing: list[int] = []
        if viewer_id == user_id and not cursor:
            processing = await self.posts.processing_ids(user_id, min(limit, OWN_PROCESSING))
        rest = limit - len(processing)
        newest = await self.posts.published_ids(user_id, before, rest + 1, audiences)
        ids = list(dict.fromkeys([*processing, *(post_id for _, post_id in newest[:rest])]))
        posts = await self.posts.by_ids(ids)
        visible = await self.rule.visible(viewer_id, [posts[id_] for id_ in ids if id_ in posts])
        more = len(newest) > rest
        return Page(visible, encode_cursor(Before(newest[rest][0] + 1)) if more else None)
