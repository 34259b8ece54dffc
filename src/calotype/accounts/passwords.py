"""Passwords: their rules, and argon2id off the event loop, two at a time.

A wrong name and a wrong password cost the same, so that time does not tell who is a member here.
"""

import asyncio
import base64
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from calotype.accounts.settings import AccountSettings
from calotype.kernel.errors import Invalid, Unavailable

T = TypeVar("T")

MIN_CHARS = 8
MAX_CHARS = 256
MAX_BYTES = 1024

# Memory is two times the setting, whoever asks; and beyond this line, about 2 s of waiting at
# 35 ms a hash, an answer now is kinder than one later.
AT_ONCE = 2
WAITING = 100

_SALT_BYTES = 16
_HASH_BYTES = 32


def check_password(password: str) -> str:
    """The password in the form in which it is hashed (NFKC: keyboards compose in many ways).

    Raises:
        Invalid: it is shorter than 8 characters, or longer than 256 or 1,024 bytes.
    """
    if len(password) < MIN_CHARS:
        raise Invalid(f"a password has at least {MIN_CHARS} characters", field="password")
    normal = _normal(password)
    if normal is None:
        raise Invalid(f"a password has at most {MAX_CHARS} characters", field="password")
    return normal


class Passwords:
    """Hashes and checks passwords; `close` ends its threads.

    Raises:
        Unavailable: from any verb, when more than 100 hashes are waiting.
    """

    def __init__(self, settings: AccountSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_passes,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_lanes,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        self._nobody = _unmatchable(settings)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._queued = 0

    async def hash(self, password: str) -> str:
        """Hash a password that `check_password` returned."""
        return await self._run(lambda: self._hasher.hash(password))

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one; without a hash, False after the same work."""
        normal = _normal(password)
        if normal is None:
            return False
        return await self._run(lambda: self._verify(password_hash or self._nobody, normal))

    async def renewed(self, password_hash: str, password: str) -> str | None:
        """A hash by today's parameters for a password that just matched; None if it is one."""
        normal = _normal(password)
        if normal is None or not self._hasher.check_needs_rehash(password_hash):
            return None
        return await self.hash(normal)

    def close(self) -> None:
        self._pool.shutdown()

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._queued >= AT_ONCE + WAITING:
            raise Unavailable("too many people are logging in; try again", retry_after=2)
        self._queued += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._queued -= 1


def _normal(password: str) -> str | None:
    """None for what is too long or no text; the limit before normalising bounds its cost."""
    if len(password) > MAX_CHARS:
        return None
    normal = unicodedata.normalize("NFKC", password)
    try:
        return normal if len(normal.encode()) <= MAX_BYTES else None
    except UnicodeEncodeError:  # half a surrogate pair is no character
        return None


def _unmatchable(settings: AccountSettings) -> str:
    """A hash of no password, by today's parameters: checking against it costs what any does."""

    def text(length: int) -> str:
        return base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()

    return (
        f"$argon2id$v=19$m={settings.argon2_memory_kib},t={settings.argon2_passes},"
        f"p={settings.argon2_lanes}${text(_SALT_BYTES)}${text(_HASH_BYTES)}"
    )
