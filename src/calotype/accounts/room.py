"""The room, furnished: every use case of accounts over one set of stores."""

from calotype.accounts.administration import Administration
from calotype.accounts.change_password import ChangePassword
from calotype.accounts.close import CloseAccount, ForgetNames
from calotype.accounts.create import CreateAccount
from calotype.accounts.edit import EditAccount
from calotype.accounts.invitations import Invitations
from calotype.accounts.keys import KeyRing
from calotype.accounts.login import LogIn
from calotype.accounts.names import Names
from calotype.accounts.passwords import Passwords
from calotype.accounts.people import Accounts
from calotype.accounts.refresh import Refresh
from calotype.accounts.register import Policy, Register
from calotype.accounts.revocations import Revocations
from calotype.accounts.sessions import Sessions
from calotype.accounts.settings import AccountSettings
from calotype.accounts.store import Stores
from calotype.accounts.sweep import Sweep
from calotype.accounts.tokens import AccessTokens
from calotype.accounts.verifier import Verifier
from calotype.connections.sql import Database
from calotype.events.log import Outbox
from calotype.kernel.clock import Clock
from calotype.kernel.ids import IdFactory


class AccountsRoom:
    """One a process; nothing is read or written until a verb is called. `close` it at the end."""

    def __init__(
        self,
        database: Database,
        stores: Stores,
        settings: AccountSettings,
        policy: Policy,
        ids: IdFactory,
        clock: Clock,
        outbox: Outbox,
    ) -> None:
        common = (database, stores)
        self.keys = KeyRing(*common, clock, settings)
        self.revocations = Revocations(*common, clock, settings)
        self.passwords = Passwords(settings)
        tokens = AccessTokens(self.keys, clock, settings)
        self.names = Names(*common, clock)
        self.sessions = Sessions(*common, tokens, self.revocations, ids, clock, settings)
        self.invitations = Invitations(*common, clock, settings)
        create = CreateAccount(*common, self.names, self.passwords, ids, clock, outbox)

        self.accounts = Accounts(*common, self.names)
        self.register = Register(create, self.invitations, self.sessions, policy)
        self.log_in = LogIn(*common, self.names, self.passwords, self.sessions)
        self.refresh = Refresh(*common, self.sessions, clock, settings)
        self.change_password = ChangePassword(*common, self.names, self.passwords, self.sessions)
        self.edit = EditAccount(*common, self.names, clock, settings, outbox)
        self.close_account = CloseAccount(*common, self.passwords, self.sessions)
        self.forget_names = ForgetNames(*common, clock, settings)
        self.verifier = Verifier(tokens, self.keys, self.revocations, clock, settings)
        self.administration = Administration(
            create, self.change_password, self.invitations, self.keys
        )
        self.sweep = Sweep(*common, self.names, self.keys, self.revocations, settings)

    async def close(self) -> None:
        """End its threads and wait for what is under way; the database is the caller's."""
        await self.verifier.close()
        self.passwords.close()
