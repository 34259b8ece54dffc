"""What an operator may do from the command line."""

from calotype.accounts.account import Account, Role
from calotype.accounts.change_password import ChangePassword
from calotype.accounts.create import CreateAccount, NewPerson
from calotype.accounts.invitations import Invitations
from calotype.accounts.keys import KeyRing
from calotype.kernel.ids import any_shard


class Administration:
    """It may run in a process of its own: web processes learn of it within a second of use."""

    def __init__(
        self,
        create: CreateAccount,
        passwords: ChangePassword,
        invitations: Invitations,
        keys: KeyRing,
    ) -> None:
        self._create = create
        self._passwords = passwords
        self._invitations = invitations
        self._keys = keys

    async def create_account(self, person: NewPerson, role: Role = Role.MEMBER) -> Account:
        """An account without a session. Raises Invalid, NameTaken."""
        return await self._create(
            person, any_shard(), lambda _tx: role, lambda _tx, account: account
        )

    async def reset_password(self, name: str, password: str) -> None:
        """By username or e-mail address; ends all sessions. Raises Invalid, NotFound."""
        await self._passwords.reset(name, password)

    async def invite(self, role: Role = Role.MEMBER) -> str:
        """The code of a new invitation."""
        return await self._invitations.invite(role)

    async def rotate_keys(self, *, drop_old: bool = False) -> str:
        """The name of the new signing key; `drop_old` where a key has leaked."""
        return await self._keys.rotate(drop_old=drop_old)
