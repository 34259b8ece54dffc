"""The records of engagement."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a person may put on a post, or on a comment."""

    LIKE = "like"
    SAVE = "save"
    COMMENT_LIKE = "comment_like"


class Mark(msgspec.Struct, frozen=True):
    """Something that a person has put on a subject: a post or a comment.

    `mark_id` is minted anew with each change, so it tells when; `version` counts the changes.
    """

    user_id: int
    subject_id: int
    kind: Kind
    mark_id: int
    version: int
    standing: bool


class Facts(msgspec.Struct, frozen=True):
    """What one person has done with a post.

    `fresh` says that the like was given or taken back of late: it may not be counted yet.
    """

    liked: bool = False
    saved: bool = False
    fresh: bool = False


class Counts(msgspec.Struct, frozen=True):
    """How many have liked a subject, and how many comments it has (a comment: replies)."""

    likes: int = 0
    comments: int = 0


class Liker(msgspec.Struct, frozen=True):
    """Someone who likes a subject, and the id of the mark, which tells since when."""

    user_id: int
    mark_id: int


NOTHING_DONE = Facts()
NOTHING_COUNTED = Counts()
