"""Close an account: at once unusable, and then forgotten."""

from collections.abc import Callable

from calotype.accounts.account import Identity
from calotype.accounts.held_names import hold_back
from calotype.accounts.passwords import Passwords
from calotype.accounts.sessions import Sessions
from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import AccountStore, Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import InvalidCredentials, NotFound
from calotype.kernel.ids import shard_of

_REFUSED = "the password is not right; nothing was deleted"
_CLAIMS = 100


class CloseAccount:
    """Ends an account in one transaction: a tombstone in its place, no session left."""

    def __init__(
        self, database: Database, stores: Stores, passwords: Passwords, sessions: Sessions
    ) -> None:
        self._database = database
        self._accounts = stores.accounts
        self._passwords = passwords
        self._sessions = sessions

    async def __call__(
        self, me: Identity, password: str, also: Callable[[Transaction], None]
    ) -> None:
        """Close one's own account; `also` runs in the same transaction.

        Raises:
            InvalidCredentials: the password is wrong.
        """
        shard = shard_of(me.user_id)
        stored = await self._database.read(
            shard, lambda tx: self._accounts.password_hash(tx, me.user_id)
        )
        if not await self._passwords.matches(stored, password):
            raise InvalidCredentials(_REFUSED)

        def close(tx: Transaction) -> list[int]:
            if self._accounts.hold_password_hash(tx, me.user_id) != stored:
                raise InvalidCredentials(_REFUSED)
            self._accounts.bury(tx, me.user_id)
            also(tx)
            return list(self._sessions.end_all(tx, me.user_id))

        self._sessions.note_ended(await self._database.write(shard, close))


class ForgetNames:
    """Gives up what a closed account claims; its usernames are held back as salted hashes."""

    def __init__(
        self, database: Database, stores: Stores, clock: Clock, settings: AccountSettings
    ) -> None:
        self._database = database
        self._claims = stores.claims
        self._held = stores.held_names
        self._clock = clock
        self._held_ms = settings.held_name_s * 1000

    async def forget(self, user_id: int) -> None:
        """Forget the person's names. Idempotent; an old username is held no longer than it was."""

        def forget(tx: Transaction) -> int:
            now = self._clock.now_ms()
            claims = self._claims.of_person(tx, user_id, _CLAIMS)
            for claim in claims:
                until_ms = claim.reserved_until_ms or now + self._held_ms
                if "@" not in claim.name and until_ms > now:
                    self._held.add(tx, hold_back(claim.name, until_ms))
                self._claims.release(tx, claim.name, user_id)
            return len(claims)

        for node in self._database.nodes:
            while await self._database.write(node, forget):
                pass


def check_open(accounts: AccountStore, tx: Transaction, *user_ids: int) -> None:
    """For writes under a person's id: what was begun before they left must not end after it.

    Raises:
        NotFound: one of them has left.
    """
    if accounts.buried(tx, user_ids):
        raise NotFound("this account was deleted")
