"""What a comment is, and what its words may be."""

import msgspec

from calotype.kernel.errors import Invalid
from calotype.posts.caption import checked_words


class Comment(msgspec.Struct, frozen=True):
    """A comment on a post, or an answer to one: `reply_to` is the comment that begins the thread.

    Its id lies on the post's shard, and tells when it was written.
    """

    comment_id: int
    post_id: int
    author_id: int
    text: str
    mentions: tuple[str, ...] = ()
    reply_to: int = 0
    edited_ms: int = 0


def checked_text(text: str) -> str:
    """A comment's words, trimmed, in Unicode NFC.

    Raises:
        Invalid: they are none, more than 2,200 characters, or hold control characters.
    """
    words = checked_words(text, "comment", "text")
    if not words:
        raise Invalid("a comment has at least one character", field="text")
    return words
