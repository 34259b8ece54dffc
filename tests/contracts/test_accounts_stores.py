"""What every adapter of the accounts ports must do, also when opened again over the same data."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from calotype.accounts.account import Account, Role, Session
from calotype.accounts.adapters.sql import sql_stores
from calotype.accounts.store import Claim, HeldName, Invitation, RefreshToken, SigningKey, Stores
from calotype.connections.sql import Transaction
from calotype.kernel.errors import AlreadyExists
from calotype.kernel.ids import IdFactory, shard_of_name
from tests.accounts_world import BreakableDatabase, open_database

T = TypeVar("T")

pytestmark = pytest.mark.anyio

IDS = IdFactory()


class Harness:
    """Runs one verb a transaction; `reopen` drops every connection and opens the file anew."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.database: BreakableDatabase = open_database(directory)
        self.stores: Stores = sql_stores()

    async def do(self, work: Callable[[Transaction], T]) -> T:
        return await self.database.write(0, work)

    async def ask(self, work: Callable[[Transaction], T]) -> T:
        return await self.database.read(0, work)

    def reopen(self) -> None:
        self.database.close()
        self.database, self.stores = open_database(self._directory), sql_stores()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.database.close()


def an_account(username: str = "Ada", shard: int = 7, **more: object) -> Account:
    return msgspec.structs.replace(Account(IDS.new(shard), username), **more)


def a_session(user_id: int = 1 << 40, shard: int = 7, used_ms: int = 1000) -> Session:
    return Session(IDS.new(shard), user_id, "Firefox", used_ms)


class TestClaims:
    async def test_the_first_claim_stands_and_is_told_to_the_second(self, harness: Harness) -> None:
        claims = harness.stores.claims
        first, second = Claim("ada", 1, 500), Claim("ada", 2, 900)
        assert await harness.do(lambda tx: claims.add(tx, first)) is None
        assert await harness.do(lambda tx: claims.add(tx, second)) == first
        harness.reopen()
        assert await harness.ask(lambda tx: harness.stores.claims.find(tx, "ada")) == first

    async def test_confirming_is_idempotent_and_for_the_claimant_alone(
        self, harness: Harness
    ) -> None:
        claims = harness.stores.claims
        await harness.do(lambda tx: claims.add(tx, Claim("ada", 1, 500)))
        assert not await harness.do(lambda tx: claims.confirm(tx, "ada", 2))
        assert await harness.do(lambda tx: claims.confirm(tx, "ada", 1))
        assert await harness.do(lambda tx: claims.confirm(tx, "ada", 1))
        assert not await harness.do(lambda tx: claims.confirm(tx, "bob", 1))
        harness.reopen()
        found = await harness.ask(lambda tx: harness.stores.claims.find(tx, "ada"))
        assert found == Claim("ada", 1)

    async def test_only_exactly_the_old_claim_is_replaced(self, harness: Harness) -> None:
        claims = harness.stores.claims
        old, new = Claim("ada", 1, 500), Claim("ada", 2, 900)
        await harness.do(lambda tx: claims.add(tx, old))
        for other in (Claim("ada", 1, 499), Claim("ada", 9, 500)):
            assert not await harness.do(partial(claims.replace, old=other, new=new))
        assert await harness.do(lambda tx: claims.replace(tx, old, new))
        assert not await harness.do(lambda tx: claims.replace(tx, old, Claim("ada", 3, 900)))
        assert await harness.ask(lambda tx: claims.find(tx, "ada")) == new

    async def test_a_confirmed_claim_is_not_replaced(self, harness: Harness) -> None:
        claims = harness.stores.claims
        old = Claim("ada", 1, 500)
        await harness.do(lambda tx: claims.add(tx, old))
        await harness.do(lambda tx: claims.confirm(tx, "ada", 1))
        assert not await harness.do(lambda tx: claims.replace(tx, old, Claim("ada", 2, 900)))

    async def test_a_claim_is_released_by_its_claimant_alone(self, harness: Harness) -> None:
        claims = harness.stores.claims
        await harness.do(lambda tx: claims.add(tx, Claim("ada", 1, 500)))
        await harness.do(lambda tx: claims.release(tx, "ada", 2))
        assert await harness.ask(lambda tx: claims.find(tx, "ada"))
        await harness.do(lambda tx: claims.release(tx, "ada", 1))
        assert await harness.ask(lambda tx: claims.find(tx, "ada")) is None

    async def test_exactly_a_claim_is_removed(self, harness: Harness) -> None:
        claims = harness.stores.claims
        await harness.do(lambda tx: claims.add(tx, Claim("ada", 1, 500)))
        for other in (Claim("ada", 1), Claim("ada", 2, 500), Claim("ada", 1, 501)):
            assert not await harness.do(partial(claims.remove, claim=other))
        assert await harness.do(lambda tx: claims.remove(tx, Claim("ada", 1, 500)))
        assert await harness.ask(lambda tx: claims.find(tx, "ada")) is None

    async def test_claims_are_found_by_person_and_when_they_ran_out(self, harness: Harness) -> None:
        claims = harness.stores.claims
        mine, old = Claim("ada", 1), Claim("countess", 1, 500)
        for claim in (mine, old, Claim("bob", 2), Claim("robert", 2, 501)):
            await harness.do(partial(claims.add, claim=claim))
        harness.reopen()
        found = await harness.ask(lambda tx: claims.of_person(tx, 1, 10))
        assert sorted(found, key=lambda claim: claim.name) == [mine, old]
        assert len(await harness.ask(lambda tx: claims.of_person(tx, 1, 1))) == 1
        assert await harness.ask(lambda tx: claims.expired(tx, 500, 10)) == [old]
        assert len(await harness.ask(lambda tx: claims.expired(tx, 501, 1))) == 1


async def test_held_names_are_told_by_shard_until_they_end(harness: Harness) -> None:
    store = harness.stores.held_names
    one, other = HeldName(7, b"d" * 32, b"s" * 16, 500), HeldName(7, b"e" * 32, b"s" * 16, 501)
    for held in (one, other, HeldName(8, b"d" * 32, b"s" * 16, 900)):
        await harness.do(partial(store.add, held=held))
    harness.reopen()
    assert set(await harness.ask(lambda tx: store.on_shard(tx, 7, 499))) == {one, other}
    assert await harness.ask(lambda tx: store.on_shard(tx, 7, 500)) == [other]
    assert [await harness.do(lambda tx: store.sweep(tx, 501, 1)) for _ in range(3)] == [1, 1, 0]
    assert len(await harness.ask(lambda tx: store.on_shard(tx, 8, 0))) == 1


class TestAccounts:
    async def test_accounts_are_kept_whole(self, harness: Harness) -> None:
        accounts = harness.stores.accounts
        ada = an_account(role=Role.OWNER, name="Ada L", bio="é", email="ada@example.org")
        bob = an_account("bob", shard=4095)
        await harness.do(lambda tx: accounts.create(tx, ada, "h1"))
        await harness.do(lambda tx: accounts.create(tx, bob, "h2"))
        harness.reopen()
        wanted = [bob.user_id, ada.user_id, 12345]
        found = await harness.ask(lambda tx: harness.stores.accounts.by_ids(tx, wanted))
        assert found == {ada.user_id: ada, bob.user_id: bob}
        assert await harness.ask(lambda tx: accounts.by_ids(tx, [])) == {}

    async def test_an_id_is_created_once(self, harness: Harness) -> None:
        accounts = harness.stores.accounts
        ada = an_account()
        await harness.do(lambda tx: accounts.create(tx, ada, "h1"))
        other = Account(ada.user_id, "eve")
        with pytest.raises(AlreadyExists):
            await harness.do(lambda tx: accounts.create(tx, other, "h2"))
        found = await harness.ask(lambda tx: accounts.by_ids(tx, [ada.user_id]))
        assert found == {ada.user_id: ada}
        assert await harness.ask(lambda tx: accounts.password_hash(tx, ada.user_id)) == "h1"

    async def test_edit_password_and_removal(self, harness: Harness) -> None:
        accounts = harness.stores.accounts
        ada = an_account()
        await harness.do(lambda tx: accounts.create(tx, ada, "h1"))
        assert await harness.do(lambda tx: accounts.edit(tx, ada.user_id, {"bio": "new"}))
        assert await harness.do(lambda tx: accounts.set_password_hash(tx, ada.user_id, "h2"))
        harness.reopen()
        found = await harness.ask(lambda tx: accounts.by_ids(tx, [ada.user_id]))
        assert found[ada.user_id] == msgspec.structs.replace(ada, bio="new")
        assert await harness.ask(lambda tx: accounts.password_hash(tx, ada.user_id)) == "h2"
        assert await harness.do(lambda tx: accounts.hold_password_hash(tx, ada.user_id)) == "h2"
        await harness.do(lambda tx: accounts.remove(tx, ada.user_id))
        assert await harness.ask(lambda tx: accounts.password_hash(tx, ada.user_id)) is None
        assert not await harness.do(lambda tx: accounts.edit(tx, ada.user_id, {"bio": "x"}))
        assert not await harness.do(lambda tx: accounts.set_password_hash(tx, ada.user_id, "x"))

    async def test_names_address_and_picture_are_changed(self, harness: Harness) -> None:
        accounts = harness.stores.accounts
        ada = an_account(email="ada@example.org")
        await harness.do(lambda tx: accounts.create(tx, ada, "h"))
        changes = {"username": "Countess", "email": None}
        assert await harness.do(lambda tx: accounts.edit(tx, ada.user_id, changes))
        assert await harness.do(lambda tx: accounts.set_avatar(tx, ada.user_id, 77))
        assert not await harness.do(lambda tx: accounts.set_avatar(tx, 5, 77))
        harness.reopen()
        found = await harness.ask(lambda tx: accounts.by_ids(tx, [ada.user_id]))
        assert found[ada.user_id] == Account(ada.user_id, "Countess", avatar_id=77)
        assert await harness.do(lambda tx: accounts.set_avatar(tx, ada.user_id, None))
        found = await harness.ask(lambda tx: accounts.by_ids(tx, [ada.user_id]))
        assert found[ada.user_id].avatar_id is None

    async def test_a_buried_account_leaves_its_id(self, harness: Harness) -> None:
        accounts = harness.stores.accounts
        ada, bob = an_account(), an_account("bob", shard=4095)
        for account in (ada, bob):
            await harness.do(partial(accounts.create, account=account, password_hash="h"))
        for _ in range(2):
            await harness.do(lambda tx: accounts.bury(tx, ada.user_id))
        harness.reopen()
        ids = [ada.user_id, bob.user_id, 5]
        assert await harness.ask(lambda tx: accounts.buried(tx, ids)) == {ada.user_id}
        assert set(await harness.ask(lambda tx: accounts.by_ids(tx, ids))) == {bob.user_id}
        assert await harness.ask(lambda tx: accounts.password_hash(tx, ada.user_id)) is None

    async def test_owner_exists(self, harness: Harness) -> None:
        accounts = harness.stores.accounts
        await harness.do(lambda tx: accounts.create(tx, an_account("bob"), "h"))
        assert not await harness.ask(accounts.owner_exists)
        await harness.do(lambda tx: accounts.create(tx, an_account(role=Role.OWNER), "h"))
        assert await harness.ask(accounts.owner_exists)

    async def test_anyone_exists(self, harness: Harness) -> None:
        accounts = harness.stores.accounts
        assert not await harness.ask(accounts.anyone_exists)
        await harness.do(lambda tx: accounts.create(tx, an_account("bob"), "h"))
        assert await harness.ask(accounts.anyone_exists)


class TestSessions:
    async def test_sessions_are_listed_by_last_use(self, harness: Harness) -> None:
        sessions = harness.stores.sessions
        ada, bob = IDS.new(7), IDS.new(7)
        old, new, other = a_session(ada, used_ms=1), a_session(ada, used_ms=2), a_session(bob)
        for session in (old, new, other):
            assert await harness.do(partial(sessions.create, session=session))
        assert not await harness.do(lambda tx: sessions.create(tx, old))
        assert await harness.ask(lambda tx: sessions.of_person(tx, ada)) == [new, old]
        await harness.do(lambda tx: sessions.touch(tx, old.session_id, 3))
        harness.reopen()
        touched = msgspec.structs.replace(old, used_ms=3)
        assert await harness.ask(lambda tx: sessions.of_person(tx, ada)) == [touched, new]
        assert await harness.do(lambda tx: sessions.hold(tx, old.session_id)) == touched
        assert await harness.do(lambda tx: sessions.hold(tx, 99)) is None

    async def test_revoking_removes_the_family_and_is_noted(self, harness: Harness) -> None:
        sessions = harness.stores.sessions
        gone, kept = a_session(), a_session()
        for session, digest in ((gone, b"g" * 32), (kept, b"k" * 32)):
            token = RefreshToken(digest, session.session_id, 9000)
            await harness.do(partial(sessions.create, session=session))
            await harness.do(partial(sessions.add_token, token=token))
        for _ in range(2):
            await harness.do(lambda tx: sessions.revoke(tx, [gone.session_id], 2000))
        await harness.do(lambda tx: sessions.revoke(tx, [], 2001))
        harness.reopen()
        assert await harness.do(lambda tx: sessions.hold(tx, gone.session_id)) is None
        assert await harness.ask(lambda tx: sessions.token(tx, gone.session_id, b"g" * 32)) is None
        assert await harness.ask(lambda tx: sessions.token(tx, kept.session_id, b"k" * 32))
        since = await harness.ask(lambda tx: sessions.revoked_since(tx, 2000))
        assert since == [(gone.session_id, 2000)]
        assert await harness.ask(lambda tx: sessions.revoked_since(tx, 2001)) == []

    async def test_a_revocation_is_noted_no_earlier_than_the_last_use(
        self, harness: Harness
    ) -> None:
        """The clock was set back since: the token of that use lives for longer than from now."""
        sessions, session = harness.stores.sessions, a_session()
        await harness.do(partial(sessions.create, session=session))
        await harness.do(lambda tx: sessions.revoke(tx, [session.session_id], session.used_ms - 9))
        noted = [(session.session_id, session.used_ms)]
        assert await harness.ask(lambda tx: sessions.revoked_since(tx, 0)) == noted

    async def test_a_token_is_marked_used_once(self, harness: Harness) -> None:
        sessions = harness.stores.sessions
        token = RefreshToken(b"t" * 32, a_session().session_id, 9000)
        await harness.do(lambda tx: sessions.add_token(tx, token))
        assert await harness.do(lambda tx: sessions.mark_used(tx, token, 5))
        assert not await harness.do(lambda tx: sessions.mark_used(tx, token, 6))
        harness.reopen()
        found = await harness.ask(lambda tx: sessions.token(tx, token.session_id, token.digest))
        assert found == msgspec.structs.replace(token, used_ms=5)

    async def test_a_sweep_takes_what_is_over_and_no_more_than_asked(
        self, harness: Harness
    ) -> None:
        sessions = harness.stores.sessions
        idle = [a_session(used_ms=10) for _ in range(3)]
        busy = a_session(used_ms=100)
        tokens = [
            RefreshToken(b"o" * 32, busy.session_id, 200),
            RefreshToken(b"n" * 32, busy.session_id, 201),
        ]
        for session in (*idle, busy):
            await harness.do(partial(sessions.create, session=session))
        for token in tokens:
            await harness.do(partial(sessions.add_token, token=token))
        await harness.do(lambda tx: sessions.revoke(tx, [IDS.new(1)], 29))
        await harness.do(lambda tx: sessions.revoke(tx, [IDS.new(1)], 30))

        async def sweep() -> int:
            return await harness.do(lambda tx: sessions.sweep(tx, 200, 10, 30, limit=2))

        assert [await sweep() for _ in range(3)] == [4, 1, 0]
        assert await harness.do(lambda tx: sessions.hold(tx, busy.session_id)) == busy
        assert await harness.ask(lambda tx: sessions.token(tx, busy.session_id, b"n" * 32))
        assert len(await harness.ask(lambda tx: sessions.revoked_since(tx, 0))) == 1


async def test_keys_are_kept_in_order(harness: Harness) -> None:
    keys = harness.stores.keys
    old, new = SigningKey("b", b"1" * 32, 10), SigningKey("a", b"2" * 32, 20)
    for key in (new, old):
        await harness.do(partial(keys.add, key=key))
    harness.reopen()
    assert await harness.ask(keys.all) == [old, new]
    await harness.do(lambda tx: keys.remove(tx, ["b", "unknown"]))
    await harness.do(lambda tx: keys.remove(tx, []))
    assert await harness.ask(keys.all) == [new]


class TestInvitations:
    async def test_an_invitation_is_consumed_once(self, harness: Harness) -> None:
        store = harness.stores.invitations
        shard = shard_of_name("code")
        invitation = Invitation(shard, b"i" * 32, Role.OWNER, 500)
        await harness.do(lambda tx: store.add(tx, invitation))
        harness.reopen()
        assert await harness.ask(lambda tx: store.find(tx, shard, b"i" * 32)) == invitation
        assert await harness.do(lambda tx: store.consume(tx, invitation))
        assert not await harness.do(lambda tx: store.consume(tx, invitation))
        assert await harness.ask(lambda tx: store.find(tx, shard, b"i" * 32)) is None

    async def test_withdrawing_and_sweeping(self, harness: Harness) -> None:
        store = harness.stores.invitations
        endless = Invitation(1, b"e" * 32, Role.OWNER)
        over, good = (
            Invitation(2, b"o" * 32, Role.MEMBER, 10),
            Invitation(3, b"g" * 32, Role.MEMBER, 11),
        )
        for invitation in (endless, over, good):
            await harness.do(partial(store.add, invitation=invitation))
        assert await harness.do(lambda tx: store.sweep(tx, 10, limit=500)) == 1
        assert await harness.ask(lambda tx: store.find(tx, 1, b"e" * 32)) == endless
        await harness.do(store.withdraw_endless)
        assert await harness.ask(lambda tx: store.find(tx, 1, b"e" * 32)) is None
        assert await harness.ask(lambda tx: store.find(tx, 3, b"g" * 32)) == good
