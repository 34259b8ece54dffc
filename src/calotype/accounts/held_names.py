"""Names of deleted accounts, held back without being known.

A row holds a salt and the keyed BLAKE2b of a name under it: whoever asks for the name can be told
that it is held, and nobody can read off the rows who was here. A name that one already suspects
can be tried, as with any hash.
"""

import hmac
import secrets
from hashlib import blake2b

from calotype.accounts.store import HeldName
from calotype.kernel.ids import shard_of_name

_SALT_BYTES = 16
_DIGEST_BYTES = 32


def hold_back(key: str, until_ms: int) -> HeldName:
    """A folded name as the row that keeps it from others until a moment (Unix ms)."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return HeldName(shard_of_name(key), _digest(key, salt), salt, until_ms)


def holds(held: HeldName, key: str) -> bool:
    """Whether this row is about this folded name."""
    return hmac.compare_digest(held.digest, _digest(key, held.salt))


def _digest(key: str, salt: bytes) -> bytes:
    return blake2b(key.encode(), key=salt, digest_size=_DIGEST_BYTES).digest()
