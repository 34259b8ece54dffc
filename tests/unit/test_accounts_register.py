"""Registration: who may come, what a name may be, and to whom it belongs after a crash."""

import asyncio
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.accounts.account import Role
from calotype.accounts.create import NewPerson
from calotype.accounts.edit import AccountChanges
from calotype.accounts.names import RESERVATION_MS, RESERVED, check_email, check_username, fold
from calotype.kernel.errors import (
    Invalid,
    InvitationRefused,
    InvitationRequired,
    NameTaken,
    NotFound,
    Unavailable,
)
from calotype.kernel.ids import IdFactory, shard_of, shard_of_name
from tests.accounts_world import PASSWORD, Crash, opened
from tests.clocks import DAY_MS, ManualClock

pytestmark = pytest.mark.anyio

INNER = string.ascii_letters + string.digits + "_."
OUTER = string.ascii_letters + string.digits + "_"
USERNAMES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(OUTER), st.text(INNER, min_size=1, max_size=28), st.sampled_from(OUTER)
    ),
)


@given(USERNAMES)
def test_a_username_by_the_rules_is_kept_as_it_is(username: str) -> None:
    if fold(username) in RESERVED:
        with pytest.raises(Invalid):
            check_username(username)
    else:
        assert check_username(username) == username


@given(st.text(max_size=40))
def test_any_other_username_is_refused(text: str) -> None:
    by_rule = (
        3 <= len(text) <= 30
        and set(text) <= set(INNER)
        and not text.startswith(".")
        and not text.endswith(".")
        and text.lower() not in RESERVED
    )
    if by_rule:
        assert check_username(text) == text
    else:
        with pytest.raises(Invalid) as refused:
            check_username(text)
        assert refused.value.details == {"field": "username"}


@pytest.mark.parametrize("name", ["ab", "a" * 31, ".ada", "ada.", "a da", "adä", "ada\n", "ADMIN"])
def test_bad_usernames(name: str) -> None:
    with pytest.raises(Invalid):
        check_username(name)


@pytest.mark.parametrize(
    "email",
    ["ada", "a@b", "a b@c.de", "a@b@c.de", "@c.de", "a@c.", "a@" + "b" * 252 + ".de", "a\x00@b.de"],
)
def test_bad_addresses(email: str) -> None:
    with pytest.raises(Invalid):
        check_email(email)


async def test_an_account_and_its_first_session(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        grant = await world.register("Ada", name="Ada L", email="Ada@Example.org", label="Firefox")
        assert (grant.username, grant.expires_in) == ("Ada", 900)
        account = await world.room.accounts.by_username("aDA")
        assert account.user_id == grant.user_id
        assert (account.username, account.name, account.role) == ("Ada", "Ada L", Role.MEMBER)
        assert account.created_ms == world.clock.now_ms()
        me = await world.room.verifier.verify(grant.access_token)
        assert me.user_id == grant.user_id
        (session,) = await world.room.sessions.list(me)
        assert (session.label, session.current) == ("Firefox", True)
        assert shard_of(session.session_id) == shard_of(grant.user_id)


async def test_reading_and_editing(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        accounts = world.room.accounts
        ada, bob = await world.register("ada", email="a@b.de"), await world.register("bob")
        assert set(await accounts.by_ids([ada.user_id, bob.user_id, 5])) == {
            ada.user_id,
            bob.user_id,
        }
        edit = world.room.edit
        edited = await edit(ada.user_id, AccountChanges(name="A", bio="hello"))
        assert edited == await accounts.by_id(ada.user_id)
        assert (await edit(ada.user_id, AccountChanges(bio=""))).name == "A"
        for name, bio in (("x" * 65, ""), ("", "x" * 501), ("a\0", "")):
            with pytest.raises(Invalid):
                await edit(ada.user_id, AccountChanges(name=name, bio=bio))
        with pytest.raises(NotFound):
            await edit(5, AccountChanges(name="x"))
        with pytest.raises(NotFound):
            await accounts.by_username("a@b.de")


@pytest.mark.parametrize(
    ("second", "field"),
    [
        ({"username": "ADA"}, "username"),
        ({"username": "eve", "email": "ADA@example.org"}, "email"),
    ],
)
async def test_names_are_unique_whatever_their_case(
    tmp_path: Path, second: dict[str, str], field: str
) -> None:
    async with opened(tmp_path) as world:
        await world.register("ada", email="ada@example.org")
        with pytest.raises(NameTaken) as taken:
            await world.register(**second)
        assert taken.value.details["field"] == field


async def test_a_name_is_free_again_when_the_other_was_taken(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.register("ada", email="ada@example.org")
        with pytest.raises(NameTaken):
            await world.register("eve", email="ada@example.org")
        await world.register("eve")


async def test_of_concurrent_registrations_one_wins(tmp_path: Path) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as one, opened(tmp_path, clock) as other:
        outcomes = await asyncio.gather(
            *(w.register("ada", name=str(i)) for i in range(4) for w in (one, other)),
            return_exceptions=True,
        )
        won = [o for o in outcomes if not isinstance(o, BaseException)]
        assert len(won) == 1
        assert sum(isinstance(o, NameTaken) for o in outcomes) == 7
        assert (await one.room.accounts.by_username("ada")).user_id == won[0].user_id


# Commits of a registration with an e-mail address: reserve, reserve, create, confirm, confirm.
@pytest.mark.parametrize("commits", range(6))
async def test_a_crash_at_any_point_leaves_one_owner_of_each_name(
    tmp_path: Path, commits: int
) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as dying:
        dying.database.commits_left = commits
        with pytest.raises(Crash):
            await dying.register("ada", email="ada@example.org", name="first")
    async with opened(tmp_path, clock) as world:
        if commits:
            with pytest.raises(NameTaken):
                await world.register("ada", name="too early")
        clock.advance(ms=RESERVATION_MS)
        created = commits >= 3
        if created:
            for _ in range(2):
                with pytest.raises(NameTaken):
                    await world.register("ada", name="newcomer")
                with pytest.raises(NameTaken):
                    await world.register("eve", email="ada@example.org")
        else:
            await world.register("ada", email="ada@example.org", name="newcomer")
        for name in ("ada", "ada@example.org"):
            grant = await world.room.log_in(name, PASSWORD)
            account = await world.room.accounts.by_id(grant.user_id)
            assert account.name == ("first" if created else "newcomer")


async def test_a_newcomer_confirms_for_whoever_crashed(tmp_path: Path) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as dying:
        dying.database.commits_left = 2
        with pytest.raises(Crash):
            await dying.register("ada")
    async with opened(tmp_path, clock) as world:
        clock.advance(ms=RESERVATION_MS)
        with pytest.raises(NameTaken):
            await world.register("ada")
        with world.database.engine.connect() as connection:
            (until,) = connection.exec_driver_sql("SELECT reserved_until_ms FROM name_claims").one()
        assert until is None


async def test_whoever_is_too_slow_creates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as world:
        names = world.room.names
        reserve = names.reserve

        async def reserve_slowly(name: str, user_id: int, field: str) -> int:
            deadline_ms = await reserve(name, user_id, field)
            world.clock.advance(ms=RESERVATION_MS)
            return deadline_ms

        with monkeypatch.context() as patch:
            patch.setattr(names, "reserve", reserve_slowly)
            with pytest.raises(Unavailable):
                await world.register("ada")
        await world.register("ada", name="another")


async def test_a_name_lost_during_the_commit_undoes_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as world:
        names = world.room.names
        lost: list[int] = []

        async def confirm(name: str, user_id: int) -> bool:
            lost.append(user_id)
            return False

        with monkeypatch.context() as patch:
            patch.setattr(names, "confirm", confirm)
            with pytest.raises(NameTaken):
                await world.register("ada")
        with pytest.raises(NotFound):
            await world.room.accounts.by_id(lost[0])
        await world.register("ada")


async def test_a_used_id_is_minted_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as world:
        ada = await world.register("ada")
        minted = IdFactory(clock)
        ids = iter([ada.user_id])
        monkeypatch.setattr(world.ids, "new", lambda shard: next(ids, None) or minted.new(shard))
        eve = await world.register("eve")
        assert eve.user_id != ada.user_id
        assert (await world.room.accounts.by_id(ada.user_id)).username == "ada"


class TestInvitations:
    async def test_one_is_asked_for_and_good_once(self, tmp_path: Path) -> None:
        async with opened(tmp_path, policy="invitation") as world:
            with pytest.raises(InvitationRequired):
                await world.register()
            code = await world.room.invitations.invite()
            grant = await world.register("ada", invitation=code)
            assert shard_of(grant.user_id) == shard_of_name(code)
            for spent in (code, "nonsense", "", "\ud800"):
                with pytest.raises(InvitationRefused):
                    await world.register("eve", invitation=spent)

    async def test_a_failed_registration_does_not_burn_it(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            await world.register("ada")
            code = await world.room.invitations.invite()
            with pytest.raises(NameTaken):
                await world.register("ada", invitation=code)
            with pytest.raises(Invalid):
                await world.register("eve", password="short", invitation=code)
            await world.register("eve", invitation=code)

    async def test_of_concurrent_users_of_one_code_one_wins(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            code = await world.room.invitations.invite()
            outcomes = await asyncio.gather(
                *(world.register(f"ada{i}", invitation=code) for i in range(5)),
                return_exceptions=True,
            )
            assert sum(isinstance(o, InvitationRefused) for o in outcomes) == 4
            for i in range(5):  # whoever lost gave the name back at once
                if isinstance(outcomes[i], InvitationRefused):
                    await world.register(f"ada{i}")

    async def test_it_expires_after_a_week(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            code = await world.room.invitations.invite()
            world.clock.advance(ms=7 * DAY_MS - 1)
            await world.room.invitations.check(code)
            world.clock.advance(ms=1)
            with pytest.raises(InvitationRefused):
                await world.register(invitation=code)
            assert await world.room.sweep(world.clock.now_ms()) == 1

    async def test_the_first_owner(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            invitations = world.room.invitations
            await world.register("early")
            assert not await invitations.owner_exists()
            first = await invitations.owner_invitation()
            second = await invitations.owner_invitation()
            assert first is not None
            assert second is not None
            world.clock.advance(ms=400 * DAY_MS)
            with pytest.raises(InvitationRefused):
                await world.register("ada", invitation=first)
            grant = await world.register("ada", invitation=second)
            assert (await world.room.accounts.by_id(grant.user_id)).role is Role.OWNER
            assert await invitations.owner_exists()
            assert await invitations.owner_invitation() is None

    async def test_an_owner_made_otherwise_withdraws_the_link(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            code = await world.room.invitations.owner_invitation()
            admin = world.room.administration
            owner = await admin.create_account(NewPerson("ada", PASSWORD), Role.OWNER)
            assert owner.role is Role.OWNER
            with pytest.raises(InvitationRefused):
                await world.register("eve", invitation=code)


async def test_the_operator_needs_no_invitation(tmp_path: Path) -> None:
    async with opened(tmp_path, policy="invitation") as world:
        account = await world.room.administration.create_account(NewPerson("ada", PASSWORD))
        assert account.role is Role.MEMBER
        assert (await world.room.log_in("ada", PASSWORD)).user_id == account.user_id
        code = await world.room.administration.invite(Role.OWNER)
        grant = await world.register("bob", invitation=code)
        assert (await world.room.accounts.by_id(grant.user_id)).role is Role.OWNER
