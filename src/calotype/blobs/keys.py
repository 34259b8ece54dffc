"""What a key may look like: the same rules for every store."""

import re

from calotype.kernel.errors import Invalid

MAX_KEY_CHARS = 200
# The first segment under which a store keeps writes in progress.
TEMPORARY = "tmp"
# The first segment under which it keeps what arrives in pieces.
PARTIAL = "partial"
RESERVED = frozenset({TEMPORARY, PARTIAL})

_KEY = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", re.ASCII)


def check_key(key: str) -> None:
    """Raise Invalid unless `key` is one that `BlobStore` describes."""
    segments = key.split("/")
    if (
        len(key) > MAX_KEY_CHARS
        or not _KEY.fullmatch(key)
        or "." in segments
        or ".." in segments
        or segments[0] in RESERVED
    ):
        raise Invalid(
            f"a blob's key is at most {MAX_KEY_CHARS} characters, segments of letters, digits, "
            f"dot, dash and underscore joined by '/', none of them '.' or '..', the first not "
            f"'{TEMPORARY}' or '{PARTIAL}'; this is not: {key[:MAX_KEY_CHARS]!r}",
            field="key",
        )


def check_prefix(prefix: str) -> None:
    """Raise Invalid unless `prefix` is empty or a key followed by '/'."""
    if not prefix:
        return
    if not prefix.endswith("/"):
        raise Invalid(f"a prefix of blobs is empty or ends in '/': {prefix!r}", field="prefix")
    check_key(prefix[:-1])
