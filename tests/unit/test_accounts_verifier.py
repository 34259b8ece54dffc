"""Access tokens: what is accepted, for how long, and how soon a revocation or a key is known."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import jwt
import pytest

from calotype.accounts import verifier as module
from calotype.accounts.account import Role
from calotype.connections.sql import Transaction
from calotype.kernel.errors import TokenExpired, Unauthenticated, Unavailable
from tests.accounts_world import PASSWORD, World, opened
from tests.clocks import ManualClock

T = TypeVar("T")

pytestmark = pytest.mark.anyio

KEY = "k" * 32


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no database that is away."""
    monkeypatch.setattr(module, "PATIENCE_MS", 60_000)


async def key_of(world: World) -> tuple[str, bytes]:
    key = await world.room.keys.signing()
    return key.kid, key.secret


class TestTokens:
    async def test_claims(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            grant = await world.register()
            kid, secret = await key_of(world)
            header = jwt.get_unverified_header(grant.access_token)
            assert header == {"alg": "HS256", "typ": "JWT", "kid": kid}
            claims = jwt.decode(
                grant.access_token,
                secret,
                ["HS256"],
                options={"verify_exp": False, "verify_iat": False},
            )
            now = world.clock.now_ms() // 1000
            assert claims["sub"] == str(grant.user_id)
            assert (claims["iat"], claims["exp"], claims["role"]) == (now, now + 900, "member")
            me = await world.room.verifier.verify(grant.access_token)
            assert claims["sid"] == str(me.session_id)
            assert me.role is Role.MEMBER

    async def test_a_token_lives_15_minutes_also_when_remembered(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            grant = await world.register()
            verifier = world.room.verifier
            await verifier.verify(grant.access_token)
            world.clock.advance(ms=899_999)
            await verifier.verify(grant.access_token)
            assert verifier.known(grant.access_token)
            world.clock.advance(ms=1)
            assert verifier.known(grant.access_token) is None
            for _ in range(2):
                with pytest.raises(TokenExpired):
                    await verifier.verify(grant.access_token)

    @pytest.mark.parametrize(
        "change",
        [
            {"sub": None},
            {"sub": 5},
            {"sub": "0"},
            {"sub": "-5"},
            {"sid": None},
            {"exp": None},
            {"exp": "soon"},
            {"iat": None},
            {"role": None},
            {"role": "god"},
        ],
    )
    async def test_odd_claims_are_refused(self, tmp_path: Path, change: dict[str, Any]) -> None:
        async with opened(tmp_path) as world:
            kid, secret = await key_of(world)
            now = world.clock.now_ms() // 1000
            good = {"sub": "5", "sid": "6", "role": "member", "iat": now, "exp": now + 900}

            def token(claims: dict[str, Any]) -> str:
                present = {name: value for name, value in claims.items() if value is not None}
                return jwt.encode(present, secret, "HS256", headers={"kid": kid})

            assert (await world.room.verifier.verify(token(good))).user_id == 5
            with pytest.raises(Unauthenticated):
                await world.room.verifier.verify(token({**good, **change}))

    @pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "RS256"])
    async def test_other_algorithms_are_refused(self, tmp_path: Path, algorithm: str) -> None:
        async with opened(tmp_path) as world:
            grant = await world.register()
            kid, secret = await key_of(world)
            payload = grant.access_token.split(".")[1]
            header = {"alg": algorithm, "typ": "JWT", "kid": kid}
            head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
            forged = [f"{head}.{payload}.", f"{head}.{payload}.{grant.access_token.split('.')[2]}"]
            if algorithm in {"HS384", "HS512"}:
                claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
                long = secret.ljust(64, b"\0")  # HMAC pads with zeros: the same key
                forged.append(jwt.encode(claims, long, algorithm, headers={"kid": kid}))
            for token in forged:
                with pytest.raises(Unauthenticated):
                    await world.room.verifier.verify(token)

    async def test_what_is_not_ours_is_refused(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            token = (await world.register()).access_token
            kid, _ = await key_of(world)
            now = world.clock.now_ms() // 1000
            claims = {"sub": "5", "sid": "6", "role": "owner", "iat": now, "exp": now + 900}
            for forged in (
                "",
                "a.b.c",
                "\ud800.é.ü",
                token[:-4] + "AAAA",
                token + "x" * 2000,
                jwt.encode(claims, KEY, "HS256", headers={"kid": kid}),
                jwt.encode(claims, KEY, "HS256", headers={"kid": "unknown"}),
                jwt.encode(claims, KEY, "HS256"),
            ):
                with pytest.raises(Unauthenticated):
                    await world.room.verifier.verify(forged)


class TestRevocation:
    async def test_elsewhere_it_is_known_within_a_second(self, tmp_path: Path) -> None:
        clock = ManualClock()
        async with opened(tmp_path, clock) as web, opened(tmp_path, clock) as other:
            grant = await web.register()
            await web.room.verifier.verify(grant.access_token)
            await other.room.administration.reset_password("ada", "another horse")
            assert web.room.verifier.known(grant.access_token)  # a moment of ignorance
            clock.advance(ms=1000)
            assert web.room.verifier.known(grant.access_token) is None
            with pytest.raises(Unauthenticated):
                await web.room.verifier.verify(grant.access_token)

    async def test_it_is_known_behind_the_requests(self, tmp_path: Path) -> None:
        clock = ManualClock()
        async with opened(tmp_path, clock) as web, opened(tmp_path, clock) as other:
            grant = await web.register()
            await web.room.verifier.verify(grant.access_token)
            await other.room.sessions.revoke_all(grant.user_id)
            clock.advance(ms=500)
            assert web.room.verifier.known(grant.access_token)  # and starts to look
            await web.room.verifier.close()
            assert web.room.verifier.known(grant.access_token) is None

    async def test_a_restart_knows_it(self, tmp_path: Path) -> None:
        clock = ManualClock()
        async with opened(tmp_path, clock) as world:
            grant = await world.register()
            await world.room.sessions.revoke_all(grant.user_id)
        clock.advance(seconds=899)
        async with opened(tmp_path, clock) as world:
            with pytest.raises(Unauthenticated):
                await world.room.verifier.verify(grant.access_token)

    async def test_it_is_kept_in_mind_as_long_as_the_token_lives(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            grant = await world.register()
            me = await world.room.verifier.verify(grant.access_token)
            await world.room.sessions.revoke_all(grant.user_id)
            for _ in range(29):
                world.clock.advance(seconds=30)
                await world.room.sweep(world.clock.now_ms())
                with pytest.raises(Unauthenticated) as refused:
                    await world.room.verifier.verify(grant.access_token)
                assert not isinstance(refused.value, TokenExpired)
            assert me.session_id in world.room.revocations.ids
            world.clock.advance(seconds=120)
            with pytest.raises(TokenExpired):
                await world.room.verifier.verify(grant.access_token)
            assert not world.room.revocations.ids

    async def test_one_that_commits_late_is_not_missed(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            grant = await world.register()
            me = await world.room.verifier.verify(grant.access_token)
            began = world.clock.now_ms()
            world.clock.advance(seconds=10)
            await world.room.verifier.verify(grant.access_token)
            await world.database.write(
                0, lambda tx: world.stores.sessions.revoke(tx, [me.session_id], began)
            )
            world.clock.advance(seconds=1)
            with pytest.raises(Unauthenticated):
                await world.room.verifier.verify(grant.access_token)


class TestLookingItUp:
    async def test_a_busy_second_looks_at_most_twice(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            grants = [await world.register(), await world.room.log_in("ada", PASSWORD)]
            for grant in grants:
                await world.room.verifier.verify(grant.access_token)
            world.database.reads = 0
            for _ in range(1000):
                world.clock.advance(ms=1)
                for grant in grants:
                    await world.room.verifier.verify(grant.access_token)
            await world.room.verifier.close()
            assert world.database.reads <= 2 * 2  # revocations and keys

    async def test_one_look_serves_all_who_wait(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            grant = await world.register()
            world.database.reads = 0
            await asyncio.gather(
                *(world.room.verifier.verify(grant.access_token) for _ in range(50))
            )
            assert world.database.reads == 2

    async def test_without_the_database_what_is_known_is_served(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            grant, ended = await world.register(), await world.room.log_in("ada", PASSWORD)
            for known in (grant, ended):
                await world.room.verifier.verify(known.access_token)
            await world.room.sessions.revoke_by_token(ended.refresh_token)
            world.database.away = True
            world.database.reads = 0
            for _ in range(100):
                world.clock.advance(ms=100)
                await world.room.verifier.verify(grant.access_token)
                with pytest.raises(Unauthenticated):
                    await world.room.verifier.verify(ended.access_token)
                await world.room.verifier.close()  # what it asked is answered by now
            assert 9 <= world.database.reads <= 11
            world.database.away = False
            world.clock.advance(seconds=1)
            await world.room.verifier.verify(grant.access_token)
            assert world.room.verifier.known(grant.access_token)

    async def test_a_database_that_hangs_keeps_nobody_waiting_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(tmp_path) as world:
            grant = await world.register()
            await world.room.verifier.verify(grant.access_token)
            answered = asyncio.Event()
            read = world.database.read
            asked = 0

            async def hang(shard: int, work: Callable[[Transaction], T]) -> T:
                nonlocal asked
                asked += 1
                await answered.wait()
                return await read(shard, work)

            monkeypatch.setattr(world.database, "read", hang)
            monkeypatch.setattr(module, "PATIENCE_MS", 20)
            world.clock.advance(seconds=1)
            await world.room.verifier.verify(grant.access_token)
            for _ in range(100):
                world.clock.advance(ms=300)
                await world.room.verifier.verify(grant.access_token)
            assert asked == 1
            answered.set()
            await world.room.verifier.close()

    async def test_a_process_that_knows_nothing_serves_nobody(self, tmp_path: Path) -> None:
        clock = ManualClock()
        async with opened(tmp_path, clock) as world:
            grant = await world.register()
        async with opened(tmp_path, clock) as world:
            world.database.away = True
            for _ in range(2):
                with pytest.raises(Unavailable):
                    await world.room.verifier.verify(grant.access_token)
            world.database.away = False
            await world.room.verifier.verify(grant.access_token)

    async def test_the_memory_is_bounded_and_keeps_what_is_in_use(self, tmp_path: Path) -> None:
        async with opened(tmp_path, cached_tokens=2) as world:
            verifier = world.room.verifier
            a, b, c = [(await world.register(f"ada{i}")).access_token for i in range(3)]
            for token in (a, b, a, c):
                await verifier.verify(token)
            assert [bool(verifier.known(token)) for token in (a, b, c)] == [True, False, True]


class TestKeys:
    async def test_rotation_leaves_living_tokens_alone(self, tmp_path: Path) -> None:
        clock = ManualClock()
        async with opened(tmp_path, clock) as web, opened(tmp_path, clock) as operator:
            old = await web.register()
            kid = await operator.room.administration.rotate_keys()
            await web.room.verifier.verify(old.access_token)
            new = await operator.room.log_in("ada", PASSWORD)
            assert jwt.get_unverified_header(new.access_token)["kid"] == kid
            # The web process has looked a moment ago, and looks again for a key it does not know.
            await web.room.verifier.verify(new.access_token)
            later = await web.room.refresh(old.refresh_token)
            assert jwt.get_unverified_header(later.access_token)["kid"] == kid
            clock.advance(seconds=899)
            await web.room.verifier.verify(old.access_token)

    async def test_an_idle_process_signs_with_a_new_key_within_a_minute(
        self, tmp_path: Path
    ) -> None:
        clock = ManualClock()
        async with opened(tmp_path, clock) as web, opened(tmp_path, clock) as operator:
            grant = await web.register()
            kid = await operator.room.administration.rotate_keys()
            clock.advance(seconds=60)
            later = await web.room.refresh(grant.refresh_token)
            assert jwt.get_unverified_header(later.access_token)["kid"] == kid

    async def test_an_old_key_is_dropped_when_no_token_of_its_can_live(
        self, tmp_path: Path
    ) -> None:
        async with opened(tmp_path) as world:
            await world.register()
            kid, secret = await key_of(world)
            world.clock.advance(seconds=5)
            await world.room.keys.rotate()

            def stolen() -> str:
                now = world.clock.now_ms() // 1000
                claims = {"sub": "5", "sid": "6", "role": "owner", "iat": now, "exp": now + 900}
                return jwt.encode(claims, secret, "HS256", headers={"kid": kid})

            world.clock.advance(seconds=1019)
            assert await world.room.sweep(world.clock.now_ms()) == 0
            await world.room.verifier.verify(stolen())
            world.clock.advance(seconds=1)
            with pytest.raises(Unauthenticated):  # though no sweep has run
                await world.room.verifier.verify(stolen())
            assert await world.room.sweep(world.clock.now_ms()) == 1

    async def test_a_leaked_key_is_dropped_at_once(self, tmp_path: Path) -> None:
        clock = ManualClock()
        async with opened(tmp_path, clock) as web, opened(tmp_path, clock) as operator:
            grant = await web.register()
            for world in (web, operator):
                await world.room.verifier.verify(grant.access_token)
            await operator.room.administration.rotate_keys(drop_old=True)
            with pytest.raises(Unauthenticated):
                await operator.room.verifier.verify(grant.access_token)
            clock.advance(seconds=1)
            with pytest.raises(Unauthenticated):
                await web.room.verifier.verify(grant.access_token)
            later = await web.room.refresh(grant.refresh_token)
            await operator.room.verifier.verify(later.access_token)

    async def test_unknown_names_of_keys_do_not_hammer_the_database(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as world:
            await world.room.verifier.verify((await world.register()).access_token)
            world.database.reads = 0
            for i in range(100):
                token = jwt.encode({"sub": "5"}, KEY, "HS256", headers={"kid": f"k{i}"})
                with pytest.raises(Unauthenticated):
                    await world.room.verifier.verify(token)
            assert world.database.reads == 1

    async def test_a_clock_behind_still_makes_the_newest_key(self, tmp_path: Path) -> None:
        clock = ManualClock()
        async with (
            opened(tmp_path, clock) as world,
            opened(tmp_path, ManualClock(clock.now_ms() - 5000)) as behind,
        ):
            await world.register()
            first, _ = await key_of(world)
            kid = await behind.room.keys.rotate()
            assert kid != first
            clock.advance(seconds=60)
            assert (await key_of(world))[0] == kid

    async def test_two_processes_agree_on_the_first_key(self, tmp_path: Path) -> None:
        clock = ManualClock()
        async with opened(tmp_path, clock) as one, opened(tmp_path, clock) as other:
            first, second = await asyncio.gather(key_of(one), key_of(other))
            assert first == second
            assert len(await one.database.read(0, one.stores.keys.all)) == 1
