"""Invitations: codes for one registration each, kept only as hashes.

A code names a shard by its hash, and whoever registers with it gets an id on that shard: so one
transaction uses the code up and creates the account, and a failed registration burns nothing.
"""

import hashlib
import secrets

from calotype.accounts.account import Role
from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import Invitation, Stores
from calotype.connections.sql import Database, Transaction
from calotype.kernel.clock import Clock
from calotype.kernel.errors import InvitationRefused
from calotype.kernel.ids import shard_of_name

_CODE_BYTES = 20  # 160 bits: not to be guessed
_MAX_CHARS = 64
_REFUSED = "this invitation is unknown, used or expired; ask for another"


class Invitations:
    def __init__(
        self, database: Database, stores: Stores, clock: Clock, settings: AccountSettings
    ) -> None:
        self._database = database
        self._store = stores.invitations
        self._accounts = stores.accounts
        self._clock = clock
        self._life_ms = settings.invitation_s * 1000

    async def invite(self, role: Role = Role.MEMBER) -> str:
        """A new code, good for 7 days by default."""
        return await self._add(role, self._clock.now_ms() + self._life_ms)

    async def owner_exists(self) -> bool:
        """Whether this place has an owner."""
        for shard in self._database.nodes:
            if await self._database.read(shard, self._accounts.owner_exists):
                return True
        return False

    async def owner_invitation(self) -> str | None:
        """The code of the first-start link, without expiry; None once there is an owner.

        Each call withdraws the code of the call before: only hashes are kept, so that an old
        code cannot be shown again. Call it at every start.
        """
        for shard in self._database.nodes:
            await self._database.write(shard, self._store.withdraw_endless)
        return None if await self.owner_exists() else await self._add(Role.OWNER, None)

    async def check(self, code: str) -> Invitation:
        """The usable invitation behind a code.

        Raises:
            InvitationRefused: it is unknown, used or expired.
        """
        if len(code) > _MAX_CHARS or not code.isascii():
            raise InvitationRefused(_REFUSED)
        shard, digest = shard_of_name(code), _digest(code)
        invitation = await self._database.read(
            shard, lambda tx: self._store.find(tx, shard, digest)
        )
        if invitation is None or self._expired(invitation):
            raise InvitationRefused(_REFUSED)
        if invitation.expires_ms is None and await self.owner_exists():
            raise InvitationRefused(_REFUSED)  # the first owner came by another way
        return invitation

    def consume(self, tx: Transaction, invitation: Invitation) -> None:
        """Use it up, in the transaction that creates the account.

        Raises:
            InvitationRefused: someone else was faster, or it has expired meanwhile.
        """
        if self._expired(invitation) or not self._store.consume(tx, invitation):
            raise InvitationRefused(_REFUSED)

    async def _add(self, role: Role, expires_ms: int | None) -> str:
        code = secrets.token_urlsafe(_CODE_BYTES)
        invitation = Invitation(shard_of_name(code), _digest(code), role, expires_ms)
        await self._database.write(invitation.shard, lambda tx: self._store.add(tx, invitation))
        return code

    def _expired(self, invitation: Invitation) -> bool:
        now = self._clock.now_ms()
        return invitation.expires_ms is not None and now >= invitation.expires_ms


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
