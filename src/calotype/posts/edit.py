"""Edit a post's words, in any state in which its author still sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import IllegalMove
from calotype.kernel.ids import shard_of
from calotype.posts.caption import checked_caption, mentions_of, tags_of
from calotype.posts.draft import checked_place
from calotype.posts.lifecycle import Status
from calotype.posts.post import Place, Post
from calotype.posts.store import Changes, PostStore
from calotype.posts.withdraw import own_post

_GONE = frozenset({Status.CANCELLED, Status.REMOVED, Status.PURGED})


@dataclass(frozen=True)
class EditPost:
    """The use case, with what it works on."""

    database: Database
    posts: PostStore
    clock: Clock

    async def edit(
        self,
        author_id: int,
        post_id: int,
        caption: str | None,
        tags: Sequence[str] | None,
        place: Place | None,
    ) -> Post:
        """Change what is given, leave what is None; the post as it is now.

        An empty caption removes it; tags given apart replace all that were; an empty place
        removes the place.

        Raises:
            Invalid: the new words break a rule.
            NotFound: there is no such post of this author.
            IllegalMove: the post is gone.
        """

        def edit(tx: Transaction) -> Post:
            post = own_post(self.posts, tx, author_id, post_id)
            if post.status in _GONE:
                raise IllegalMove(
                    f"a post that is {post.status} cannot be edited", status=post.status
                )
            words = post.caption if caption is None else checked_caption(caption)
            given = _apart(post) if tags is None else tags
            changes = Changes(
                caption=words,
                tags=tags_of(words, given),
                mentions=mentions_of(words),
                place=post.place if place is None else checked_place(place),
                edited_ms=self.clock.now_ms(),
            )
            self.posts.edit(tx, post_id, changes)
            edited = self.posts.load(tx, post_id)
            assert edited is not None
            return edited

        return await self.database.write(shard_of(post_id), edit)


def _apart(post: Post) -> list[str]:
    """The tags that did not come from the caption."""
    own = set(tags_of(post.caption, ()))
    return [tag for tag in post.tags if tag not in own]
