"""Tell authors how the processing of their posts ended."""

from dataclasses import dataclass

import msgspec

from calotype.notify.notices import NoticeStore
from calotype.posts.store import PostStore


class Outcome(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What the author's client is sent: numbers as strings, as everywhere in JSON."""

    post_id: str
    status: str
    reason: str = ""
    reason_code: str = ""


@dataclass(frozen=True)
class TellAuthor:
    """The use case, with what it works on."""

    posts: PostStore
    notices: NoticeStore

    async def tell(self, post_id: int, kind: str, cause: int) -> None:
        """Keep a notice of a post's outcome for its author. Idempotent by cause."""
        post = await self.posts.get(post_id)
        if post is None:
            return
        outcome = Outcome(str(post_id), post.status, post.reason, post.reason_code)
        await self.notices.add(post.author_id, cause, kind, msgspec.json.encode(outcome))
