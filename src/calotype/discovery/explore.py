"""Explore: what was published for everyone, newest first."""

from dataclasses import dataclass

from calotype.audience.rule import AudienceRule
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID
from calotype.kernel.paging import Before, Page, decode_cursor, encode_cursor
from calotype.posts.post import Post
from calotype.posts.recent import RecentPosts
from calotype.posts.store import PostStore

MAX_LIMIT = 100


@dataclass(frozen=True)
class Explore:
    """The use case, with what it works on."""

    recent: RecentPosts
    posts: PostStore
    rule: AudienceRule

    async def read(self, viewer_id: int | None, cursor: str | None, limit: int) -> Page[Post]:
        """A page of public posts of everyone, one's own and followed people's among them.

        Raises:
            Invalid, Malformed: the limit (1 to 100) or the cursor is wrong.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
        before = decode_cursor(cursor, Before).id if cursor else MAX_ID
        newest = await self.recent.newest_for_everyone(before, limit + 1)
        posts = await self.posts.by_ids(each.post_id for each in newest[:limit])
        found = [posts[each.post_id] for each in newest[:limit] if each.post_id in posts]
        more = len(newest) > limit
        return Page(
            await self.rule.visible(viewer_id, found),
            encode_cursor(Before(newest[limit - 1].published_id)) if more else None,
        )
