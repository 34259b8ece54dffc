"""The words of people's names, in the form in which they are compared."""

import re
import unicodedata

from calotype.accounts.account import Account

# Letters of a word that are indexed. A longer beginning is looked up by these, and what is found
# is compared whole: of a million names some hundred share six letters.
MAX_PREFIX = 6
# A display name has up to 64 characters; what comes after so many words nobody types.
MAX_WORDS = 12

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_INNER = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Without case, accents and width: Unicode's caseless form (D146), its marks left out."""
    apart = unicodedata.normalize("NFD", text).casefold()
    for _ in range(2):  # what is taken apart may have a case again
        apart = unicodedata.normalize("NFKD", apart).casefold()
    apart = unicodedata.normalize("NFKD", apart)
    return "".join(char for char in apart if not unicodedata.combining(char))


def asked_words(text: str) -> list[str]:
    """The words of a question, folded, each once: `@` and other signs around them are left out."""
    words = (_EDGES.sub("", word) for word in fold(text).split())
    return list(dict.fromkeys(word for word in words if word))


def words_of(account: Account) -> list[str]:
    """The words that a person is found by: of the names, whole and in their parts."""
    found: dict[str, None] = {}
    for word in asked_words(f"{account.username} {account.name}"):
        found.update(dict.fromkeys([word, *filter(None, _INNER.split(word))]))
    return list(found)[:MAX_WORDS]


def prefixes_of(account: Account) -> frozenset[str]:
    """The beginnings that a person is indexed by; the empty one is everyone's."""
    words = words_of(account)
    return frozenset(word[:length] for word in words for length in range(MAX_PREFIX + 1)) | {""}


def is_meant(account: Account, asked: list[str]) -> bool:
    """Whether each of the asked words begins a word of the person's names."""
    words = words_of(account)
    return all(any(word.startswith(begun) for word in words) for begun in asked)
