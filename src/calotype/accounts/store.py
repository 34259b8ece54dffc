"""The ports to where accounts are kept.

Every verb joins the caller's transaction on the node of the shard it names, and is synchronous.
Atomicity and order are the transaction's. Verbs that guard (`confirm`, `replace`, `consume`,
`mark_used`) answer whether they met their row, so that of two racers exactly one hears yes.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from calotype.accounts.account import Account, Role, Session
from calotype.connections.sql import Transaction


class Claim(msgspec.Struct, frozen=True):
    """Who holds a name. Without `reserved_until_ms` it is confirmed and stays."""

    name: str
    user_id: int
    reserved_until_ms: int | None = None


class RefreshToken(msgspec.Struct, frozen=True):
    """A refresh token by the SHA-256 of its bytes; `used_ms` is its first use, if any."""

    digest: bytes
    session_id: int
    expires_ms: int
    used_ms: int | None = None


class SigningKey(msgspec.Struct, frozen=True):
    """A key for access tokens; the newest signs."""

    kid: str
    secret: bytes
    created_ms: int


class Invitation(msgspec.Struct, frozen=True):
    """A usable invitation by the SHA-256 of its code; the owner's first one has no expiry."""

    shard: int
    digest: bytes
    role: Role
    expires_ms: int | None = None


class HeldName(msgspec.Struct, frozen=True):
    """A username that nobody may take until a moment; only a salted hash of it is known."""

    shard: int
    digest: bytes
    salt: bytes
    until_ms: int


class ClaimStore(Protocol):
    """Claims on names; a name is folded already, and its shard is `shard_of_name(name)`."""

    def add(self, tx: Transaction, claim: Claim) -> Claim | None:
        """Make the claim; if the name is claimed already, change nothing and return that claim."""
        ...

    def find(self, tx: Transaction, name: str) -> Claim | None: ...

    def replace(self, tx: Transaction, old: Claim, new: Claim) -> bool:
        """Put `new` in the place of exactly `old`; False if that is no longer there."""
        ...

    def confirm(self, tx: Transaction, name: str, user_id: int) -> bool:
        """Make this person's claim stay; idempotent; False if the name is not claimed for them."""
        ...

    def release(self, tx: Transaction, name: str, user_id: int) -> None:
        """Give up this person's claim; the caller knows that no account bears the name."""
        ...

    def remove(self, tx: Transaction, claim: Claim) -> bool:
        """Remove exactly this claim; False if that is no longer there."""
        ...

    def of_person(self, tx: Transaction, user_id: int, limit: int) -> Sequence[Claim]:
        """Up to `limit` of a person's claims on this node, of whatever shard."""
        ...

    def expired(self, tx: Transaction, now_ms: int, limit: int) -> Sequence[Claim]:
        """Up to `limit` reservations on this node that ran out by `now_ms`."""
        ...


class HeldNameStore(Protocol):
    """Names of deleted accounts, on the shards of their claims."""

    def add(self, tx: Transaction, held: HeldName) -> None: ...

    def on_shard(self, tx: Transaction, shard: int, now_ms: int) -> Sequence[HeldName]:
        """Those of a shard that are still held."""
        ...

    def sweep(self, tx: Transaction, now_ms: int, limit: int) -> int:
        """Remove, on this node, at most `limit` that are held no more; how many."""
        ...


class AccountStore(Protocol):
    """Accounts and password hashes, on the person's shard."""

    def create(self, tx: Transaction, account: Account, password_hash: str) -> None:
        """Raises AlreadyExists if the id is in use; the caller mints another."""
        ...

    def by_ids(self, tx: Transaction, ids: Sequence[int]) -> Mapping[int, Account]:
        """Those that exist, in one statement."""
        ...

    def edit(self, tx: Transaction, user_id: int, changes: Mapping[str, str | None]) -> bool:
        """Set any of `username`, `email`, `name` and `bio`; False if there is no such account."""
        ...

    def set_avatar(self, tx: Transaction, user_id: int, avatar_id: int | None) -> bool:
        """Show them with this picture, or with none; False if there is no such account."""
        ...

    def remove(self, tx: Transaction, user_id: int) -> None:
        """As if it had never been."""
        ...

    def bury(self, tx: Transaction, user_id: int) -> None:
        """Remove the account and leave a tombstone, which is its id alone; idempotent."""
        ...

    def buried(self, tx: Transaction, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that have a tombstone: nothing may be written under them any more."""
        ...

    def password_hash(self, tx: Transaction, user_id: int) -> str | None: ...

    def hold_password_hash(self, tx: Transaction, user_id: int) -> str | None:
        """The hash, held against change until this write ends."""
        ...

    def set_password_hash(self, tx: Transaction, user_id: int, password_hash: str) -> bool:
        """False if there is no such account."""
        ...

    def owner_exists(self, tx: Transaction) -> bool:
        """Whether an owner's account lives on this node."""
        ...

    def anyone_exists(self, tx: Transaction) -> bool:
        """Whether any account lives on this node."""
        ...


class SessionStore(Protocol):
    """Sessions and their refresh tokens, on the person's shard; and what was revoked of late.

    The session's row is the lock of its family: whoever changes the family holds it first.
    """

    def create(self, tx: Transaction, session: Session) -> bool:
        """False if the id is in use; the caller mints another."""
        ...

    def hold(self, tx: Transaction, session_id: int) -> Session | None:
        """The session, held against change until this write ends."""
        ...

    def touch(self, tx: Transaction, session_id: int, used_ms: int) -> None: ...

    def of_person(self, tx: Transaction, user_id: int) -> Sequence[Session]:
        """All of a person's sessions, the most recently used first."""
        ...

    def revoke(self, tx: Transaction, session_ids: Sequence[int], now_ms: int) -> None:
        """Remove sessions of one shard with their tokens and note them as revoked; idempotent.

        Noted at `now_ms`, or at a session's last use if that lies in the future: the note must
        outlive the access token of that use.
        """
        ...

    def revoked_since(self, tx: Transaction, since_ms: int) -> Sequence[tuple[int, int]]:
        """(session id, time of revocation) on this node, from `since_ms` on, oldest first."""
        ...

    def add_token(self, tx: Transaction, token: RefreshToken) -> None: ...

    def token(self, tx: Transaction, session_id: int, digest: bytes) -> RefreshToken | None: ...

    def mark_used(self, tx: Transaction, token: RefreshToken, now_ms: int) -> bool:
        """Note the first use; False if it was used before."""
        ...

    def sweep(
        self, tx: Transaction, now_ms: int, idle_since_ms: int, revoked_before_ms: int, limit: int
    ) -> int:
        """Remove, on this node, at most `limit` rows of each kind; how many in all.

        Args:
            tx: a write on the node.
            now_ms: tokens that expired by then go.
            idle_since_ms: sessions not used since then go.
            revoked_before_ms: notes of revocation older than that go.
            limit: keeps the transaction short.
        """
        ...


class KeyStore(Protocol):
    """Signing keys, on shard 0."""

    def all(self, tx: Transaction) -> Sequence[SigningKey]:
        """The oldest first."""
        ...

    def add(self, tx: Transaction, key: SigningKey) -> None: ...

    def remove(self, tx: Transaction, kids: Sequence[str]) -> None: ...


class InvitationStore(Protocol):
    """Usable invitations; used and withdrawn ones are gone."""

    def add(self, tx: Transaction, invitation: Invitation) -> None: ...

    def find(self, tx: Transaction, shard: int, digest: bytes) -> Invitation | None: ...

    def consume(self, tx: Transaction, invitation: Invitation) -> bool:
        """Use it up; False if someone else did."""
        ...

    def withdraw_endless(self, tx: Transaction) -> None:
        """Remove, on this node, those without an expiry: the owner's first-start codes."""
        ...

    def sweep(self, tx: Transaction, now_ms: int, limit: int) -> int:
        """Remove, on this node, at most `limit` that expired by `now_ms`; how many."""
        ...


class Stores(msgspec.Struct, frozen=True):
    """The ports of this room, bound by bootstrap to one engine."""

    claims: ClaimStore
    held_names: HeldNameStore
    accounts: AccountStore
    sessions: SessionStore
    keys: KeyStore
    invitations: InvitationStore
