"""Changing names: who may take which name when, whatever crashes in between."""

from pathlib import Path

import pytest

from calotype.accounts.account import Identity
from calotype.accounts.edit import AccountChanges
from calotype.accounts.names import RESERVATION_MS
from calotype.kernel.errors import Conflict, InvalidCredentials, NameTaken, NotFound
from tests.accounts_world import PASSWORD, Crash, World, opened
from tests.clocks import DAY_MS, ManualClock

pytestmark = pytest.mark.anyio


async def rename(world: World, user_id: int, username: str) -> None:
    await world.room.edit(user_id, AccountChanges(username=username))


async def close(world: World, user_id: int) -> None:
    sessions = await world.room.log_in(
        (await world.room.accounts.by_id(user_id)).username, PASSWORD
    )
    me = await world.room.verifier.verify(sessions.access_token)
    await world.room.close_account(me, PASSWORD, lambda _tx: None)
    await world.room.forget_names.forget(user_id)


async def test_old_username_leads_nowhere_and_is_kept_from_others_for_thirty_days(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as world:
        ada, eve = await world.register("Ada"), await world.register("Eve")
        await rename(world, ada.user_id, "Countess")
        assert (await world.room.accounts.by_username("countess")).user_id == ada.user_id
        assert (await world.room.log_in("Countess", PASSWORD)).user_id == ada.user_id
        with pytest.raises(NotFound):
            await world.room.accounts.by_username("ada")
        with pytest.raises(InvalidCredentials):
            await world.room.log_in("ada", PASSWORD)
        clock.advance(ms=30 * DAY_MS - 1)
        for taking in (world.register("ADA"), rename(world, eve.user_id, "ada")):
            with pytest.raises(NameTaken):
                await taking
        clock.advance(ms=1)
        await rename(world, eve.user_id, "ada")
        assert (await world.room.accounts.by_username("ada")).user_id == eve.user_id


async def test_former_bearer_may_return(tmp_path: Path) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as world:
        ada = await world.register("Ada")
        await rename(world, ada.user_id, "Countess")
        await rename(world, ada.user_id, "ADA")
        clock.advance(ms=31 * DAY_MS)
        with pytest.raises(NameTaken):
            await world.register("ada")
        assert (await world.room.accounts.by_username("ada")).username == "ADA"
        await world.register("countess")


async def test_nobody_holds_more_than_five_names(tmp_path: Path) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as world:
        ada = await world.register("Ada")
        for number in range(5):
            await rename(world, ada.user_id, f"Ada{number}")
        with pytest.raises(Conflict, match="too often"):
            await rename(world, ada.user_id, "Countess")
        clock.advance(ms=30 * DAY_MS)
        await rename(world, ada.user_id, "Countess")


async def test_sweep_frees_what_ran_out_and_is_not_borne(tmp_path: Path) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as world:
        ada = await world.register("Ada")
        await rename(world, ada.user_id, "Countess")
        world.database.commits_left = 3
        with pytest.raises(Crash):
            await rename(world, ada.user_id, "Lovelace")
        world.database.commits_left = None
        clock.advance(ms=30 * DAY_MS)
        await world.room.sweep(clock.now_ms())
        with world.database.engine.connect() as connection:
            claims = connection.exec_driver_sql("SELECT name, reserved_until_ms FROM name_claims")
            assert claims.all() == [("lovelace", None)]


async def test_case_is_changed_without_a_claim(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        ada = await world.register("Ada", email="ada@example.org")
        await world.room.edit(ada.user_id, AccountChanges(username="aDA", email="Ada@example.org"))
        for name in ("ada", "ADA@EXAMPLE.ORG"):
            assert (await world.room.log_in(name, PASSWORD)).username == "aDA"


async def test_old_address_is_free_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        ada = await world.register("Ada", email="ada@example.org")
        await world.room.edit(ada.user_id, AccountChanges(email="new@example.org"))
        await world.register("Eve", email="ada@example.org")
        await world.room.edit(ada.user_id, AccountChanges(email=""))
        assert (await world.room.accounts.by_id(ada.user_id)).email is None
        await world.register("Bob", email="new@example.org")


async def test_taken_name_changes_nothing_at_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        ada = await world.register("Ada")
        await world.register("Eve", email="eve@example.org")
        changes = AccountChanges(username="Countess", email="eve@example.org", bio="new")
        with pytest.raises(NameTaken, match="email"):
            await world.room.edit(ada.user_id, changes)
        account = await world.room.accounts.by_id(ada.user_id)
        assert (account.username, account.email, account.bio) == ("Ada", None, "")
        assert (await world.room.log_in("Ada", PASSWORD)).user_id == ada.user_id


@pytest.mark.parametrize("commits", range(4))
async def test_after_a_crash_one_of_the_names_is_borne_and_stays(
    tmp_path: Path, commits: int
) -> None:
    """The commits of a change: reserve, hold, change, confirm."""
    clock = ManualClock()
    async with opened(tmp_path, clock) as world:
        ada = await world.register("Ada")
        world.database.commits_left = commits
        with pytest.raises(Crash):
            await rename(world, ada.user_id, "Countess")
        world.database.commits_left = None
        borne = (await world.room.accounts.by_id(ada.user_id)).username
        assert borne == ("Countess" if commits > 2 else "Ada")
        clock.advance(ms=31 * DAY_MS)
        with pytest.raises(NameTaken):
            await world.register(borne)
        assert (await world.room.log_in(borne, PASSWORD)).user_id == ada.user_id
        await rename(world, ada.user_id, "Third")


async def test_late_change_loses_to_nobody(tmp_path: Path) -> None:
    """Two changes of one account: the second to commit is told to look again."""
    async with opened(tmp_path) as world:
        ada = await world.register("Ada")
        hold = world.room.names.hold

        async def hold_slowly(name: str, user_id: int, seconds: int) -> object:
            world.room.names.hold = hold  # type: ignore[method-assign]
            await rename(world, user_id, "First")
            return await hold(name, user_id, seconds)

        world.room.names.hold = hold_slowly  # type: ignore[method-assign,assignment]
        with pytest.raises(Conflict):
            await rename(world, ada.user_id, "Second")
        assert (await world.room.log_in("First", PASSWORD)).user_id == ada.user_id
        world.clock.advance(ms=RESERVATION_MS)
        await world.register("Second")


async def test_closed_account_is_gone_at_once_with_its_sessions(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        ada = await world.register("Ada", email="ada@example.org")
        me = await world.room.verifier.verify(ada.access_token)
        ran: list[int] = []
        with pytest.raises(InvalidCredentials):
            await world.room.close_account(me, "wrong horse", lambda _tx: ran.append(1))
        assert (await world.room.accounts.by_id(me.user_id)).username == "Ada"
        await world.room.close_account(me, PASSWORD, lambda _tx: ran.append(2))
        assert ran == [2]
        for name in ("ada", "ada@example.org"):
            with pytest.raises(InvalidCredentials):
                await world.room.log_in(name, PASSWORD)
        with pytest.raises(NotFound):
            await world.room.accounts.by_id(me.user_id)
        assert world.room.verifier.known(ada.access_token) is None
        buried = await world.database.read(
            0, lambda tx: world.stores.accounts.buried(tx, [me.user_id, 5])
        )
        assert buried == {me.user_id}
        with pytest.raises(InvalidCredentials):
            await world.room.close_account(
                Identity(me.user_id, me.session_id, me.role), PASSWORD, lambda _tx: None
            )


async def test_names_of_the_deleted_are_held_back_without_being_known(tmp_path: Path) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as world:
        ada = await world.register("Augusta", email="augusta@example.org")
        await rename(world, ada.user_id, "Lovelace")
        clock.advance(ms=10 * DAY_MS)
        await close(world, ada.user_id)
        await world.room.forget_names.forget(ada.user_id)
        with world.database.engine.connect() as connection:
            claims = connection.exec_driver_sql("SELECT name FROM name_claims").all()
            held = connection.exec_driver_sql("SELECT * FROM held_names").all()
        assert claims == []
        assert len(held) == 2
        await world.register("Bob", email="augusta@example.org")
        clock.advance(ms=20 * DAY_MS - 1)
        with pytest.raises(NameTaken):
            await world.register("augusta")
        clock.advance(ms=1)
        await world.register("augusta")
        with pytest.raises(NameTaken):
            await world.register("LOVELACE")
        clock.advance(ms=10 * DAY_MS)
        await world.register("Lovelace2")
        await world.room.sweep(clock.now_ms())
        await world.register("lovelace")
