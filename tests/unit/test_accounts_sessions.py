"""Refresh tokens and sessions: rotation, grace, reuse, expiry and revocation."""

import asyncio
import base64
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from calotype.accounts.account import Grant
from calotype.accounts.sessions import parse_refresh_token
from calotype.connections.schema import CORE
from calotype.kernel.errors import NotFound, TokenReused, Unauthenticated
from tests.accounts_world import PASSWORD, World, opened
from tests.clocks import DAY_MS, ManualClock

pytestmark = pytest.mark.anyio


async def is_alive(world: World, grant: Grant) -> bool:
    try:
        await world.room.verifier.verify(grant.access_token)
    except Unauthenticated:
        return False
    return True


async def test_a_refresh_stays_in_its_session(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        first = await world.register("ada", label="Firefox")
        me = await world.room.verifier.verify(first.access_token)
        world.clock.advance(seconds=600)
        second = await world.room.refresh(first.refresh_token)
        assert second.refresh_token != first.refresh_token
        assert (second.user_id, second.username) == (first.user_id, "ada")
        assert await world.room.verifier.verify(second.access_token) == me
        (session,) = await world.room.sessions.list(me)
        assert session.used_ms == world.clock.now_ms()
        assert session.created_ms == world.clock.now_ms() - 600_000


async def test_the_tokens_survive_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    async with opened(tmp_path, clock) as world:
        grant = await world.register()
    async with opened(tmp_path, clock) as world:
        assert await is_alive(world, grant)
        await world.room.refresh(grant.refresh_token)


async def test_the_database_holds_no_secret_of_a_client(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        grant = await world.register()
        code = await world.room.invitations.invite()
        with world.database.engine.connect() as connection:
            dump = [
                value
                for table in CORE.sorted_tables
                for row in connection.execute(table.select())
                for value in row
            ]
    _, digest = parse_refresh_token(grant.refresh_token)
    assert digest in dump
    raw = base64.urlsafe_b64decode(grant.refresh_token + "==")
    for secret in (grant.refresh_token, raw, raw[8:], grant.access_token, code, PASSWORD):
        assert secret not in dump


async def test_two_tabs_get_siblings_that_both_live(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        first = await world.register()
        left, right = await asyncio.gather(
            world.room.refresh(first.refresh_token), world.room.refresh(first.refresh_token)
        )
        assert left.refresh_token != right.refresh_token
        world.clock.advance(seconds=3600)
        await world.room.refresh(left.refresh_token)
        await world.room.refresh(right.refresh_token)


async def test_reuse_after_the_grace_ends_the_session_and_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        first, other = await world.register(), await world.room.log_in("Ada", PASSWORD)
        second = await world.room.refresh(first.refresh_token)
        world.clock.advance(ms=29_999)
        sibling = await world.room.refresh(first.refresh_token)
        world.clock.advance(ms=1)
        with pytest.raises(TokenReused):
            await world.room.refresh(first.refresh_token)
        for grant in (first, second, sibling):
            assert not await is_alive(world, grant)
            with pytest.raises(Unauthenticated):
                await world.room.refresh(grant.refresh_token)
        assert await is_alive(world, other)
        await world.room.refresh(other.refresh_token)


async def test_a_token_expires_after_30_days_of_disuse(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        grant = await world.register()
        for _ in range(3):
            world.clock.advance(ms=30 * DAY_MS - 1)
            grant = await world.room.refresh(grant.refresh_token)
        world.clock.advance(ms=30 * DAY_MS)
        with pytest.raises(Unauthenticated):
            await world.room.refresh(grant.refresh_token)
        again = await world.room.log_in("ada", PASSWORD)
        me = await world.room.verifier.verify(again.access_token)
        assert [s.current for s in await world.room.sessions.list(me)] == [True]


@pytest.mark.parametrize("token", ["", "x", "é" * 54, "A" * 54, "/" * 54, "A" * 100_000, "\ud800"])
async def test_nonsense_is_refused(tmp_path: Path, token: str) -> None:
    async with opened(tmp_path) as world:
        with pytest.raises(Unauthenticated):
            await world.room.refresh(token)
        await world.room.sessions.revoke_by_token(token)


async def test_a_guessed_secret_neither_refreshes_nor_revokes(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        grant = await world.register()
        forged = grant.refresh_token[:20] + "A" * (len(grant.refresh_token) - 20)
        with pytest.raises(Unauthenticated):
            await world.room.refresh(forged)
        await world.room.sessions.revoke_by_token(forged)
        assert await is_alive(world, grant)
        await world.room.refresh(grant.refresh_token)


async def test_ending_one_session(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        sessions = world.room.sessions
        here, there, eve = (
            await world.register("ada"),
            await world.room.log_in("ada", PASSWORD),
            await world.register("eve"),
        )
        me = await world.room.verifier.verify(here.access_token)
        (other,) = [s for s in await sessions.list(me) if not s.current]
        with pytest.raises(NotFound):
            await sessions.revoke(eve.user_id, other.session_id)
        with pytest.raises(NotFound):
            await sessions.revoke(me.user_id, 12345)
        assert await is_alive(world, there)
        await sessions.revoke(me.user_id, other.session_id)
        assert not await is_alive(world, there)
        assert await is_alive(world, here)
        with pytest.raises(Unauthenticated):
            await world.room.refresh(there.refresh_token)
        with pytest.raises(NotFound):
            await sessions.revoke(me.user_id, other.session_id)


async def test_logging_out_with_the_refresh_token(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        grant = await world.register()
        for _ in range(2):
            await world.room.sessions.revoke_by_token(grant.refresh_token)
        assert not await is_alive(world, grant)


async def test_ending_all_sessions_but_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        here, there = await world.register("ada"), await world.room.log_in("ada", PASSWORD)
        me = await world.room.verifier.verify(here.access_token)
        assert await world.room.sessions.revoke_all(me.user_id, keep=me.session_id) == 1
        assert [await is_alive(world, grant) for grant in (here, there)] == [True, False]
        assert await world.room.sessions.revoke_all(me.user_id) == 1
        assert not await is_alive(world, here)


async def test_a_sweep_removes_what_is_over_and_nothing_else(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        old, kept = await world.register("ada"), await world.room.log_in("ada", PASSWORD)
        await world.room.sessions.revoke_by_token((await world.register("eve")).refresh_token)
        world.clock.advance(ms=20 * DAY_MS)
        kept = await world.room.refresh(kept.refresh_token)
        assert await world.room.sweep(world.clock.now_ms()) == 1  # the note of eve's revocation
        world.clock.advance(ms=10 * DAY_MS)
        # Both first tokens, and the session that was never refreshed.
        assert await world.room.sweep(world.clock.now_ms()) == 3
        assert await world.room.sweep(world.clock.now_ms()) == 0
        with pytest.raises(Unauthenticated):
            await world.room.refresh(old.refresh_token)
        await world.room.refresh(kept.refresh_token)


class RefreshRotation(RuleBasedStateMachine):
    """One session's refresh tokens against the rules, written down a second time."""

    tokens = Bundle("tokens")

    @initialize(target=tokens)
    def register(self) -> str:
        self.runner = asyncio.Runner()
        self.directory = tempfile.TemporaryDirectory()
        self.context = opened(Path(self.directory.name))
        self.world = self.runner.run(self.context.__aenter__())
        self.used: dict[str, int] = {}
        self.ended = False
        grant = self.runner.run(self.world.register())
        self.issued = {grant.refresh_token: self.world.clock.now_ms()}
        self.access = [grant]
        return grant.refresh_token

    @rule(seconds=st.sampled_from([1, 15, 29, 30, 31, 86_400, 15 * 86_400]))
    def wait(self, seconds: int) -> None:
        self.world.clock.advance(seconds=seconds)

    @rule(token=tokens, target=tokens)
    def refresh(self, token: str) -> object:
        now = self.world.clock.now_ms()
        reused = token in self.used and now - self.used[token] >= 30_000
        expired = now - self.issued[token] >= 30 * DAY_MS
        try:
            grant = self.runner.run(self.world.room.refresh(token))
        except TokenReused:
            assert reused
            assert not self.ended
            self.ended = True
            return multiple()
        except Unauthenticated:
            assert self.ended or (expired and not reused)
            return multiple()
        assert not self.ended
        assert not reused
        assert not expired
        self.used.setdefault(token, now)
        self.issued[grant.refresh_token] = now
        self.access.append(grant)
        return grant.refresh_token

    @rule(token=consumes(tokens))
    def log_out(self, token: str) -> None:
        self.runner.run(self.world.room.sessions.revoke_by_token(token))
        self.ended = True

    @invariant()
    def access_ends_with_the_session(self) -> None:
        if hasattr(self, "world") and self.ended:
            assert not self.runner.run(is_alive(self.world, self.access[-1]))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.runner.run(self.context.__aexit__(None, None, None))
            self.runner.close()
            self.directory.cleanup()


TestRefreshRotation = RefreshRotation.TestCase
TestRefreshRotation.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
