"""Usernames and e-mail addresses: what they may be, and how each comes to belong to one account.

A name is claimed on the shard of its hash, an account lives on its own: no one transaction spans
both. So: reserve the name, create the account, confirm the name. A crash in between leaves a
reservation that expires; whoever meets it then looks whether its account was created after all,
and confirms it on that account's behalf, or takes the name over.

A name that is given up is held first: its claim becomes a reservation of its former bearer, who
alone may come back to it. Until the account has changed, whoever looks finds it borne.
"""

import re
import unicodedata

from calotype.accounts.account import Account
from calotype.accounts.held_names import holds
from calotype.accounts.store import Claim, Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import Invalid, NameTaken
from calotype.kernel.ids import shard_of, shard_of_name

RESERVATION_MS = 120_000
# An account may be created this long before its reservation ends and no later: it covers clocks
# that differ and a slow commit, so that whoever takes the name over has seen every creation.
MARGIN_MS = 30_000

# fmt: off
RESERVED = frozenset({
    "about", "abuse", "account", "accounts", "admin", "administrator", "api", "calotype",
    "everyone", "explore", "feed", "help", "login", "logout", "me", "media", "moderator",
    "notifications", "null", "official", "owner", "password", "privacy", "register", "root",
    "schema", "search", "security", "settings", "setup", "signup", "staff", "static", "stream",
    "support", "system", "terms", "undefined", "uploads", "users", "webmaster",
})
# fmt: on

_USERNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{1,28}[A-Za-z0-9_]")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@.]+")
_MAX_EMAIL = 254
_BATCH = 100


def check_username(text: str) -> str:
    """The username as given.

    Raises:
        Invalid: it breaks the rules, or is reserved for the place itself.
    """
    if not _USERNAME.fullmatch(text):
        raise Invalid(
            "a username has 3 to 30 letters (a to z), digits, underscores and dots, "
            "and neither starts nor ends with a dot",
            field="username",
        )
    if fold(text) in RESERVED:
        raise Invalid("this username is reserved; choose another", field="username")
    return text


def check_email(text: str) -> str:
    """The e-mail address in its composed form (NFC); whether it receives mail is not checked.

    Raises:
        Invalid: it does not look like an address.
    """
    email = unicodedata.normalize("NFC", text)
    if len(email) > _MAX_EMAIL or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise Invalid("an e-mail address looks like name@example.org", field="email")
    return email


def fold(name: str) -> str:
    """The form in which names are compared: a username has no @, so both share one space."""
    return unicodedata.normalize("NFC", name).lower()


def bears(account: Account, name: str) -> bool:
    """Whether this folded name is the account's username or e-mail address."""
    return name in {fold(account.username), fold(account.email or account.username)}


class Names:
    """Claims on names. `field` is the part of a form to blame: `username` or `email`."""

    def __init__(self, database: Database, stores: Stores, clock: Clock) -> None:
        self._database = database
        self._claims = stores.claims
        self._held = stores.held_names
        self._accounts = stores.accounts
        self._clock = clock

    async def holder(self, name: str) -> Account | None:
        """The account that bears this username or e-mail address, whatever its case."""
        if len(name) > _MAX_EMAIL or not name.isprintable():
            return None
        key = fold(name)
        claim = await self._database.read(shard_of_name(key), lambda tx: self._claims.find(tx, key))
        return await self._bearer(claim) if claim else None

    async def reserve(self, name: str, user_id: int, field: str) -> int:
        """Reserve a name for an account about to bear it; of two racers one succeeds.

        Returns:
            The last moment at which the account may come to bear it, in ms since the Unix epoch.

        Raises:
            NameTaken: it belongs to an account, is reserved for another, or is held back.
        """
        key, now = fold(name), self._clock.now_ms()
        shard = shard_of_name(key)
        wanted = Claim(key, user_id, now + RESERVATION_MS)
        taken = NameTaken(f"this {field} is taken; choose another", field=field)

        def claim(tx: Transaction) -> Claim | None:
            if any(holds(held, key) for held in self._held.on_shard(tx, shard, now)):
                raise taken
            return self._claims.add(tx, wanted)

        standing = await self._database.write(shard, claim)
        if standing is not None and not await self._take_over(standing, wanted, now):
            raise taken
        return now + RESERVATION_MS - MARGIN_MS

    async def confirm(self, name: str, user_id: int) -> bool:
        """Make the claim stay now that its account exists; idempotent; False if it was lost."""
        key = fold(name)
        return await self._database.write(
            shard_of_name(key), lambda tx: self._claims.confirm(tx, key, user_id)
        )

    async def hold(self, name: str, user_id: int, seconds: int) -> Claim:
        """Make the claim of a name that is about to be given up a reservation that ends."""
        key = fold(name)
        held = Claim(key, user_id, self._clock.now_ms() + seconds * 1000)

        def hold(tx: Transaction) -> None:
            standing = self._claims.find(tx, key)
            if standing is not None and standing.user_id == user_id:
                self._claims.replace(tx, standing, held)

        await self._database.write(shard_of_name(key), hold)
        return held

    async def let_go(self, held: Claim) -> None:
        """Free a held name now; not if it was claimed anew meanwhile."""
        await self._database.write(
            shard_of_name(held.name), lambda tx: self._claims.remove(tx, held)
        )

    async def release(self, name: str, user_id: int) -> None:
        """Give a claim up at once, when the account certainly does not bear the name."""
        key = fold(name)
        await self._database.write(
            shard_of_name(key), lambda tx: self._claims.release(tx, key, user_id)
        )

    async def held_by(self, user_id: int) -> int:
        """How many names are reserved for a person just now; counted up to 100 a node."""
        now, count = self._clock.now_ms(), 0
        for node in self._database.nodes:
            claims = await self._database.read(
                node, lambda tx: self._claims.of_person(tx, user_id, _BATCH)
            )
            count += sum(1 for claim in claims if (claim.reserved_until_ms or 0) > now)
        return count

    async def settle_expired(self) -> int:
        """Confirm what ran out and is borne after all, free the rest; how many there were."""
        now, settled = self._clock.now_ms(), 0
        for node in self._database.nodes:
            while claims := await self._database.read(
                node, lambda tx: self._claims.expired(tx, now, _BATCH)
            ):
                for claim in claims:
                    if await self._bearer(claim):
                        await self.confirm(claim.name, claim.user_id)
                    else:
                        await self.let_go(claim)
                settled += len(claims)
        return settled

    async def _take_over(self, standing: Claim, wanted: Claim, now: int) -> bool:
        if standing.reserved_until_ms is None:
            return False
        if now < standing.reserved_until_ms and standing.user_id != wanted.user_id:
            return False
        if await self._bearer(standing):
            await self.confirm(standing.name, standing.user_id)
            return False
        return await self._database.write(
            shard_of_name(wanted.name), lambda tx: self._claims.replace(tx, standing, wanted)
        )

    async def _bearer(self, claim: Claim) -> Account | None:
        found = await self._database.read(
            shard_of(claim.user_id), lambda tx: self._accounts.by_ids(tx, [claim.user_id])
        )
        account = found.get(claim.user_id)
        return account if account and bears(account, claim.name) else None
