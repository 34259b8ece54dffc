"""Register: a person makes their own account and is logged in."""

from typing import Literal

from calotype.accounts.account import Account, Grant, Role
from calotype.accounts.create import CreateAccount, NewPerson
from calotype.accounts.invitations import Invitations
from calotype.accounts.sessions import OpenSession, Sessions
from calotype.connections.sql import Transaction
from calotype.kernel.errors import InvitationRequired
from calotype.kernel.ids import any_shard

Policy = Literal["open", "invitation"]


class Register:
    """`policy` says who may come: anyone, or whoever brings an invitation."""

    def __init__(
        self,
        create: CreateAccount,
        invitations: Invitations,
        sessions: Sessions,
        policy: Policy,
    ) -> None:
        self._create = create
        self._invitations = invitations
        self._sessions = sessions
        self.policy = policy

    async def __call__(
        self, person: NewPerson, *, invitation: str | None = None, label: str = ""
    ) -> Grant:
        """A new account and its first session; an invitation that came decides on the role.

        Raises:
            Invalid: a name or the password breaks its rules.
            NameTaken: the username or e-mail address belongs to someone else.
            InvitationRequired: none came, and this place asks for one.
            InvitationRefused: it is unknown, used or expired.
        """
        if invitation is None and self.policy == "invitation":
            raise InvitationRequired("registration here is by invitation; ask a member for one")
        brought = await self._invitations.check(invitation) if invitation is not None else None

        def admit(tx: Transaction) -> Role:
            if brought is None:
                return Role.MEMBER
            self._invitations.consume(tx, brought)
            return brought.role

        def log_in(tx: Transaction, account: Account) -> OpenSession:
            return self._sessions.open(tx, account, label)

        shard = brought.shard if brought else any_shard()
        return await self._sessions.grant(await self._create(person, shard, admit, log_in))
