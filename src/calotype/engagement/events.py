"""What engagement tells other rooms, and itself."""

import msgspec

from calotype.engagement.mark import Kind, Mark
from calotype.events.log import Event
from calotype.kernel.ids import shard_of

LIKE_CHANGED = "like.changed"
SAVE_CHANGED = "save.changed"
LIKES_COUNTED = "likes.counted"
COMMENTED = "comment.written"
COMMENT_WITHDRAWN = "comment.withdrawn"


class Subject(msgspec.Struct, frozen=True):
    """What is engaged with: a post, or a comment on it. `published_id` is the post's."""

    subject_id: int
    post_id: int
    author_id: int
    published_id: int


class MarkChanged(msgspec.Struct, frozen=True):
    """A person's mark on a subject stands, or no longer does: its state as of `version`."""

    subject: Subject
    user_id: int
    mark_id: int
    version: int
    standing: bool


class LikesCounted(msgspec.Struct, frozen=True):
    """Someone else's likes of a subject were counted; by whom and how many the tallies tell."""

    subject: Subject


def mark_event(mark: Mark, subject: Subject) -> Event:
    saved = mark.kind == Kind.SAVE
    changed = MarkChanged(subject, mark.user_id, mark.mark_id, mark.version, mark.standing)
    return Event(
        shard=shard_of(mark.user_id),
        kind=SAVE_CHANGED if saved else LIKE_CHANGED,
        key=f"{Kind.SAVE if saved else Kind.LIKE}/{mark.user_id}/{mark.subject_id}",
        payload=msgspec.msgpack.encode(changed),
    )


class CommentChanged(msgspec.Struct, frozen=True):
    """A comment was written or withdrawn; which of the two holds now is read from the comments.

    `subject` is the post. `answered_id` is who wrote the comment that this one answers, 0 if none.
    """

    subject: Subject
    comment_id: int
    author_id: int
    answered_id: int = 0


def comment_event(kind: str, changed: CommentChanged) -> Event:
    return Event(
        shard=shard_of(changed.comment_id),
        kind=kind,
        key=f"comment/{changed.comment_id}",
        payload=msgspec.msgpack.encode(changed),
    )


def likes_counted_event(subject: Subject) -> Event:
    return Event(
        shard=shard_of(subject.subject_id),
        kind=LIKES_COUNTED,
        key=f"likes/{subject.subject_id}",
        payload=msgspec.msgpack.encode(LikesCounted(subject)),
    )
