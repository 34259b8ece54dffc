"""Captions: their rules, their #hashtags and @mentions."""

import re
import unicodedata
from collections.abc import Iterable

from calotype.kernel.errors import Invalid

MAX_CAPTION = 2_200
MAX_TAGS = 30
MAX_TAG = 100

# A tag is letters, digits, marks and underscores of any script, not digits alone; it starts where
# a word could, so that neither a#b nor an entity such as &#39; is one.
_TAG = re.compile(r"(?<![\w&/#])#(\w+)")
_MENTION = re.compile(r"(?<![\w.@/])@([A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?)(?![\w@])")


def checked_caption(text: str) -> str:
    """The caption, trimmed, in Unicode NFC.

    Raises:
        Invalid: it is longer than 2,200 characters or holds control characters.
    """
    caption = unicodedata.normalize("NFC", text.strip())
    if len(caption) > MAX_CAPTION:
        raise Invalid(
            f"the caption has {len(caption)} characters; at most {MAX_CAPTION:,} fit",
            field="caption",
        )
    if any(unicodedata.category(char) == "Cc" and char not in "\n\t\r" for char in caption):
        raise Invalid("the caption holds control characters; remove them", field="caption")
    return caption


def tags_of(caption: str, given: Iterable[str]) -> tuple[str, ...]:
    """The caption's hashtags joined with those given apart: lower case, without #, in order.

    Raises:
        Invalid: a given tag is not one word, or there are more than 30 tags.
    """
    found = [match for match in _TAG.findall(caption) if not match.isdigit()]
    for tag in given:
        word = unicodedata.normalize("NFC", tag.strip().removeprefix("#"))
        if not word:
            continue
        if not re.fullmatch(r"\w+", word) or word.isdigit():
            raise Invalid(
                f"{tag!r} is no tag; a tag is one word of letters, digits and _", field="tags"
            )
        found.append(word)
    tags = tuple(dict.fromkeys(tag.lower()[:MAX_TAG] for tag in found))
    if len(tags) > MAX_TAGS:
        raise Invalid(f"there are {len(tags)} tags; at most {MAX_TAGS} fit", field="tags")
    return tags


def mentions_of(caption: str) -> tuple[str, ...]:
    """The usernames mentioned in a caption, as written, each once, in order."""
    by_name: dict[str, str] = {}
    for name in _MENTION.findall(caption):
        by_name.setdefault(name.lower(), name)
    return tuple(by_name.values())
