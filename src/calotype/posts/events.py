"""What posts tell other rooms."""

import msgspec

from calotype.events.log import Event
from calotype.kernel.ids import shard_of

PUBLISHED = "post.published"
FAILED = "post.failed"
RESTORED = "post.restored"
UPLOADED = "media.uploaded"


class PostMoved(msgspec.Struct, frozen=True):
    """A post reached a state; what it looks like now is read from the posts."""

    post_id: int
    author_id: int


def post_event(kind: str, post_id: int, author_id: int) -> Event:
    return Event(
        shard=shard_of(post_id),
        kind=kind,
        key=f"post/{post_id}",
        payload=msgspec.msgpack.encode(PostMoved(post_id, author_id)),
    )
