"""Captions: their rules, their #hashtags and @mentions."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import takewhile

from calotype.kernel.errors import Invalid

MAX_CAPTION = 2_200
MAX_TAGS = 30
MAX_TAG = 100

_MENTION = re.compile(r"(?<![\w.@/])@([A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?)(?![\w@])")


def checked_caption(text: str) -> str:
    """The caption, trimmed, in Unicode NFC.

    Raises:
        Invalid: it is longer than 2,200 characters or holds control characters.
    """
    return checked_words(text, "caption", "caption")


def checked_words(text: str, what: str, field: str) -> str:
    """Words that go with a post, held to the rules of captions; an error calls them `what`."""
    words = unicodedata.normalize("NFC", text.strip())
    if len(words) > MAX_CAPTION:
        raise Invalid(
            f"the {what} has {len(words)} characters; at most {MAX_CAPTION:,} fit", field=field
        )
    if any(unicodedata.category(char) == "Cc" and char not in "\n\t\r" for char in words):
        raise Invalid(f"the {what} holds control characters; remove them", field=field)
    return words


def tags_of(caption: str, given: Iterable[str]) -> tuple[str, ...]:
    """The caption's hashtags joined with those given apart: lower case, without #, in order.

    Raises:
        Invalid: a given tag is not one word, or there are more than 30 tags.
    """
    found = list(_hashtags(caption))
    for tag in given:
        word = unicodedata.normalize("NFC", tag.strip().removeprefix("#"))
        if not word:
            continue
        if not _is_tag(word):
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


def _hashtags(caption: str) -> Iterator[str]:
    """The tags after a # where a word could start: neither a#b nor an entity such as &#39;."""
    before = ""
    for at, char in enumerate(caption):
        if char == "#" and not (before in {"&", "/", "#"} or _in_word(before)):
            word = "".join(takewhile(_in_word, caption[at + 1 :]))
            if _is_tag(word):
                yield word
        before = char


def _is_tag(word: str) -> bool:
    """Letters, digits, marks and underscores of any script; more than digits, a mark not first."""
    letters = [char for char in word if not _is_mark(char)]
    return (
        all(map(_in_word, word))
        and word[:1] in letters[:1]
        and not all(char.isdigit() for char in letters)
    )


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_" or _is_mark(char)


def _is_mark(char: str) -> bool:
    # Vowel signs in Hindi or Thai are marks, which \w of regular expressions leaves out.
    return bool(char) and unicodedata.category(char).startswith("M")
