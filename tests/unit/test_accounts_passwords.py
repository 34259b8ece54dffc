"""Passwords: their rules, what they cost, and logging in with them."""

import asyncio
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from calotype.accounts import passwords as module
from calotype.accounts.passwords import Passwords, check_password
from calotype.accounts.settings import AccountSettings
from calotype.kernel.errors import (
    Invalid,
    InvalidCredentials,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from tests.accounts_world import CHEAP, PASSWORD, opened

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "password", ["", "seven77", "x" * 257, "€" * 256 + "x", "\U0001f511" * 257]
)
def test_passwords_out_of_bounds(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password)
    assert refused.value.details == {"field": "password"}


@pytest.mark.parametrize("password", ["eight888", "x" * 256, "€" * 256, "\U0001f511" * 256])
def test_passwords_within_bounds(password: str) -> None:
    assert check_password(password) == password


def test_the_defaults_are_among_what_owasp_lists() -> None:
    settings = AccountSettings()
    assert (settings.argon2_memory_kib, settings.argon2_passes) == (47_104, 1)


async def test_a_password_matches_however_it_was_composed(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.register("ada", password="caf\u00e9 \u2167 noir")
        await world.room.log_in("ada", "cafe\u0301 VIII noir")


async def test_log_in_by_either_name_whatever_its_case(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        ada = await world.register("Ada", email="ada@example.org")
        for name in ("ada", "ADA", "Ada@Example.ORG"):
            grant = await world.room.log_in(name, PASSWORD, label="x" * 300)
            assert grant.user_id == ada.user_id
        me = await world.room.verifier.verify(ada.access_token)
        sessions = await world.room.sessions.list(me)
        assert sorted(len(s.label) for s in sessions) == [0, 200, 200, 200]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ada", "wrong horse"),
        ("eve", PASSWORD),
        ("", PASSWORD),
        ("ada", ""),
        ("ada", "x" * 100_000),
        ("ada\ud800", PASSWORD),
        ("ada", "\ud800" * 10),
    ],
)
async def test_name_and_password_are_refused_alike(
    tmp_path: Path, name: str, password: str
) -> None:
    async with opened(tmp_path) as world:
        await world.register("ada")
        with pytest.raises(InvalidCredentials) as refused:
            await world.room.log_in(name, password)
        assert str(refused.value) == "no account has this name and password"
        assert isinstance(refused.value, Unauthenticated)


async def test_an_unknown_name_is_checked_against_a_hash_like_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passwords = Passwords(CHEAP)
    checked: list[str] = []
    verify = PasswordHasher.verify

    def record(self: PasswordHasher, password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return verify(self, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", record)
    real = await passwords.hash(PASSWORD)
    assert await passwords.matches(real, PASSWORD)
    assert not await passwords.matches(None, PASSWORD)
    passwords.close()
    kinds = [password_hash.split("$")[:4] for password_hash in checked]
    assert kinds[0] == kinds[1]
    assert [len(password_hash) for password_hash in checked] == [len(real)] * 2


async def test_a_hash_is_renewed_when_the_parameters_change(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        ada = await world.register("ada")
    async with opened(tmp_path, argon2_passes=2) as world:
        await world.room.log_in("ada", PASSWORD)
        with world.database.engine.connect() as connection:
            (stored,) = connection.exec_driver_sql("SELECT password_hash FROM accounts").one()
        assert "t=2" in stored
        assert (await world.room.log_in("ada", PASSWORD)).user_id == ada.user_id


async def test_too_long_a_line_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 3)
    passwords = Passwords(CHEAP)
    outcomes = await asyncio.gather(
        *(passwords.hash(PASSWORD) for _ in range(7)), return_exceptions=True
    )
    assert [isinstance(o, Unavailable) for o in outcomes] == [False] * 5 + [True] * 2
    await passwords.hash(PASSWORD)
    passwords.close()


async def test_an_operator_resets_a_password_and_every_session_ends(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        grants = [await world.register("ada"), await world.room.log_in("ada", PASSWORD)]
        for grant in grants:
            await world.room.verifier.verify(grant.access_token)
        await world.room.administration.reset_password("ADA", "another horse")
        for grant in grants:
            with pytest.raises(Unauthenticated):
                await world.room.verifier.verify(grant.access_token)
            with pytest.raises(Unauthenticated):
                await world.room.refresh(grant.refresh_token)
        with pytest.raises(InvalidCredentials):
            await world.room.log_in("ada", PASSWORD)
        await world.room.log_in("ada", "another horse")
        with pytest.raises(NotFound):
            await world.room.administration.reset_password("eve", "another horse")
        with pytest.raises(Invalid):
            await world.room.administration.reset_password("ada", "short")


async def test_changing_ones_password_keeps_this_session_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        here, there = await world.register("ada"), await world.room.log_in("ada", PASSWORD)
        me = await world.room.verifier.verify(here.access_token)
        with pytest.raises(InvalidCredentials):
            await world.room.change_password(me, "wrong horse", "another horse")
        await world.room.verifier.verify(there.access_token)
        await world.room.change_password(me, PASSWORD, "another horse")
        assert await world.room.verifier.verify(here.access_token) == me
        with pytest.raises(Unauthenticated):
            await world.room.verifier.verify(there.access_token)
        await world.room.log_in("ada", "another horse")


async def test_a_reset_during_a_log_in_leaves_no_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as world, opened(tmp_path, world.clock) as operator:
        ada = await world.register("ada")
        matches = world.room.passwords.matches

        async def reset_meanwhile(password_hash: str | None, password: str) -> bool:
            answer = await matches(password_hash, password)
            await operator.room.administration.reset_password("ada", "another horse")
            return answer

        monkeypatch.setattr(world.room.passwords, "matches", reset_meanwhile)
        with pytest.raises(InvalidCredentials):
            await world.room.log_in("ada", PASSWORD)
        grant = await operator.room.log_in("ada", "another horse")
        me = await operator.room.verifier.verify(grant.access_token)
        assert me.user_id == ada.user_id
        assert len(await operator.room.sessions.list(me)) == 1
