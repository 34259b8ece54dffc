"""Edit a post's words and its audience, in any state in which its author still sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from calotype.connections.sql import Database, Transaction
from calotype.jobs.queue import JobQueue
from calotype.kernel.clock import Clock
from calotype.kernel.errors import IllegalMove, Invalid
from calotype.kernel.ids import shard_of
from calotype.posts.caption import checked_caption, mentions_of, tags_of
from calotype.posts.draft import checked_alt_text, checked_place
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Medium, Place, Post, new_key
from calotype.posts.rekey import rekey_job
from calotype.posts.store import Changes, PostStore
from calotype.posts.withdraw import own_post

_GONE = frozenset({Status.CANCELLED, Status.REMOVED, Status.PURGED})


class Edit(msgspec.Struct, frozen=True):
    """What an author wants changed; None, and a medium without an alt text, stay as they are.

    An empty caption removes it; tags given apart replace all that were; an empty place removes
    the place.
    """

    caption: str | None = None
    tags: Sequence[str] | None = None
    place: Place | None = None
    audience: Audience | None = None
    alt_texts: Mapping[int, str] = {}


@dataclass(frozen=True)
class EditPost:
    """The use case, with what it works on."""

    database: Database
    posts: PostStore
    jobs: JobQueue
    clock: Clock

    async def edit(self, author_id: int, post_id: int, edit: Edit) -> Post:
        """Change one's own post; the post as it is now.

        When the audience narrows, the media's keys change with it: what was signed for an earlier
        audience ends at once, and a job moves the files.

        Raises:
            Invalid: a change breaks a rule, or names a medium that is not in the post.
            NotFound: there is no such post of this author.
            IllegalMove: the post is gone.
        """

        def change(tx: Transaction) -> Post:
            post = own_post(self.posts, tx, author_id, post_id)
            if post.status in _GONE:
                raise IllegalMove(
                    f"a post that is {post.status} cannot be edited", state=post.status
                )
            changes = self._changes(post, edit)
            self.posts.edit(tx, post_id, changes)
            moved = [medium for medium in post.media if medium.media_id in changes.keys]
            self.jobs.enqueue(tx, [rekey_job(medium) for medium in moved])
            return own_post(self.posts, tx, author_id, post_id)

        return await self.database.write(shard_of(post_id), change)

    def _changes(self, post: Post, edit: Edit) -> Changes:
        words = post.caption if edit.caption is None else checked_caption(edit.caption)
        audience = edit.audience or post.audience
        return Changes(
            caption=words,
            tags=tags_of(words, _apart(post) if edit.tags is None else edit.tags),
            mentions=mentions_of(words),
            place=post.place if edit.place is None else checked_place(edit.place),
            audience=audience,
            edited_ms=self.clock.now_ms(),
            alt_texts=_alt_texts(post, edit.alt_texts),
            keys={medium.media_id: new_key() for medium in _exposed(post, audience)},
        )


def _alt_texts(post: Post, given: Mapping[int, str]) -> dict[int, str]:
    if strangers := set(given) - {medium.media_id for medium in post.media}:
        raise Invalid(f"the post has no medium {min(strangers)}", field="media")
    return {media_id: checked_alt_text(text) for media_id, text in given.items()}


def _exposed(post: Post, audience: Audience) -> Sequence[Medium]:
    """The media whose files people outside the new audience may know a way to.

    None of a post that was never published: the places of its renditions were never told.
    """
    narrowed = post.audience == Audience.EVERYONE and audience == Audience.FOLLOWERS
    return post.media if narrowed and post.published_id is not None else ()


def _apart(post: Post) -> list[str]:
    """The tags that did not come from the caption."""
    own = set(tags_of(post.caption, ()))
    return [tag for tag in post.tags if tag not in own]
