"""Rates per account, address and name; who is believed about an address; streams per account."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.web.limits import MemoryLimiter, Rate
from calotype.web.proxies import Proxies, address_key
from tests.server import Server

pytestmark = pytest.mark.anyio

RATE = Rate("test", 3, 60.0)
STRICT = {
    "CALOTYPE_WEB_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8",
    "CALOTYPE_WEB_RATES_ACCOUNT": "5",
    "CALOTYPE_WEB_RATES_ADDRESS": "8",
    "CALOTYPE_WEB_RATES_LOG_IN_ADDRESS": "6",
    "CALOTYPE_WEB_RATES_LOG_IN_NAME": "2",
    "CALOTYPE_WEB_RATES_REGISTRATION_ADDRESS": "3",
    "CALOTYPE_WEB_RATES_REGISTRATION_NAME": "2",
    "CALOTYPE_WEB_RATES_REFRESH_SESSION": "1",
    "CALOTYPE_WEB_STREAMS_PER_ACCOUNT": "2",
}
_addresses = (f"198.51.100.{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind a trusted proxy, with rates that a test can reach."""
    running = Server(tmp_path_factory.mktemp("limits"), STRICT).start()
    yield running
    assert running.stop() == 0


def client(server: Server, address: str | None = None) -> httpx.Client:
    """Someone at an address of their own."""
    headers = {"X-Forwarded-For": address or next(_addresses)}
    return httpx.Client(base_url=server.url + "/api/v1", headers=headers, timeout=30)


def register(http: httpx.Client, name: str) -> dict[str, str]:
    answer = http.post("/accounts", json={"username": name, "password": "correct horse"})
    assert answer.status_code == 201, answer.text
    grant: dict[str, str] = answer.json()
    return grant


def refused(answer: httpx.Response, code: str = "rate_limited") -> None:
    assert answer.status_code == 429, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert int(answer.headers["Retry-After"]) > 0


class Seconds:
    """A clock of our own."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_what_was_spent_comes_back_evenly() -> None:
    clock = Seconds()
    limiter = MemoryLimiter(10, clock)
    told = [await limiter.spend(RATE, "ada") for _ in range(4)]
    assert [(each.allowed, each.remaining) for each in told] == [
        (True, 2),
        (True, 1),
        (True, 0),
        (False, 0),
    ]
    assert told[3].retry_s == pytest.approx(20)
    assert told[2].reset_s == pytest.approx(60)
    assert (await limiter.spend(RATE, "bob")).allowed, "another key has its own"
    clock.now += 20
    assert (await limiter.spend(RATE, "ada")).allowed
    assert not (await limiter.spend(RATE, "ada")).allowed


async def test_memory_is_bounded_and_the_longest_unseen_is_forgotten() -> None:
    limiter = MemoryLimiter(2, Seconds())
    for key in ("ada", "ada", "bob", "ada", "eve"):
        await limiter.spend(RATE, key)
    assert not (await limiter.spend(RATE, "ada")).allowed, "bob was unseen for longer"
    assert (await limiter.spend(RATE, "bob")).remaining == 2


@given(limit=st.integers(1, 50), steps=st.lists(st.floats(0, 30), max_size=60))
async def test_no_period_sees_more_than_twice_the_limit(limit: int, steps: list[float]) -> None:
    """A full rate at once, and what comes back meanwhile: never more in any period."""
    clock = Seconds()
    limiter = MemoryLimiter(1, clock)
    rate = Rate("test", limit, 60.0)
    allowed = []
    for step in steps:
        clock.now += step
        if (await limiter.spend(rate, "ada")).allowed:
            allowed.append(clock.now)
    for start in allowed:
        within = [moment for moment in allowed if start <= moment < start + 60]
        assert len(within) <= 2 * limit


def test_the_client_is_the_last_hop_that_is_no_proxy() -> None:
    proxies = Proxies(["127.0.0.1", "10.0.0.0/8"])

    def address(host: str, *chains: str) -> str:
        headers = [(b"x-forwarded-for", chain.encode()) for chain in chains]
        return proxies.peer(host, "http", headers).address

    assert address("127.0.0.1", "203.0.113.9") == "203.0.113.9"
    assert address("127.0.0.1", "1.1.1.1, 203.0.113.9, 10.1.2.3") == "203.0.113.9"
    assert address("127.0.0.1", "1.1.1.1", "203.0.113.9") == "203.0.113.9"
    assert address("127.0.0.1", "203.0.113.9:4711") == "203.0.113.9"
    assert address("127.0.0.1", "[2001:db8::1]:4711") == "2001:db8::1"
    assert address("127.0.0.1", "1.1.1.1, nonsense") == "127.0.0.1"
    assert address("::ffff:10.0.0.1", "203.0.113.9") == "203.0.113.9"
    assert address("203.0.113.7", "1.1.1.1") == "203.0.113.7", "nobody's proxy"
    assert Proxies([]).peer("127.0.0.1", "http", [(b"x-forwarded-for", b"1.1.1.1")]).address == (
        "127.0.0.1"
    )


def test_the_scheme_is_believed_of_proxies_alone() -> None:
    claim = [(b"x-forwarded-proto", b"https")]
    assert Proxies(["127.0.0.1"]).peer("127.0.0.1", "http", claim).scheme == "https"
    assert Proxies(["127.0.0.1"]).peer("192.0.2.1", "http", claim).scheme == "http"


def test_a_household_is_one_address() -> None:
    assert address_key("2001:db8:1:2::1") == address_key("2001:db8:1:2:ffff::9")
    assert address_key("2001:db8:1:2::1") != address_key("2001:db8:1:3::1")
    assert address_key("::ffff:192.0.2.1") == address_key("192.0.2.1") != address_key("192.0.2.2")


def test_every_answer_tells_the_rate_and_an_account_meets_its_end(strict: Server) -> None:
    with client(strict) as http:
        grant = register(http, "rated")
        http.headers["Authorization"] = f"Bearer {grant['accessToken']}"
        left = []
        for _ in range(6):
            answer = http.get("/feed", headers={"X-Forwarded-For": next(_addresses)})
            assert answer.headers["X-RateLimit-Limit"] in {"5", "8"}
            assert int(answer.headers["X-RateLimit-Reset"]) >= 0
            left.append((answer.status_code, answer.headers["X-RateLimit-Remaining"]))
        # The first request with a token is the address's alone: it is not known yet.
        assert left == [(200, "7"), *((200, str(n)) for n in (4, 3, 2, 1, 0))]
        refused(http.get("/feed", headers={"X-Forwarded-For": next(_addresses)}))


def test_an_address_meets_its_end_whatever_it_asks_and_another_does_not(strict: Server) -> None:
    with client(strict) as http:
        statuses = [http.get("/nothing").status_code for _ in range(9)]
        assert statuses == [404] * 8 + [429]
        refused(http.get("/posts?ids=1"))
        assert http.get(f"{strict.url}/livez").status_code == 200, "probes are not counted"
    with client(strict) as other:
        assert other.get("/posts?ids=1").status_code == 200


def test_what_a_client_writes_into_the_chain_does_not_help_it(strict: Server) -> None:
    mine = next(_addresses)
    statuses = []
    for number in range(9):
        with client(strict, f"192.0.2.{number}, {mine}") as http:
            statuses.append(http.get("/posts?ids=1").status_code)
    assert statuses == [200] * 8 + [429]


def test_a_large_upload_beyond_the_rate_gets_its_answer(strict: Server) -> None:
    with client(strict) as http:
        for _ in range(8):
            http.get("/nothing")
        refused(http.post("/posts", files={"mediaFile": bytes(4_000_000)}))


def test_a_name_can_be_tried_only_so_often_from_wherever(strict: Server) -> None:
    with client(strict) as http:
        register(http, "guessed")
    for attempt, name in enumerate(("guessed", "Guessed", "GUESSED")):
        with client(strict) as http:
            answer = http.post("/tokens", json={"username": name, "password": f"guess{attempt}"})
            if attempt < 2:
                assert answer.status_code == 401
            else:
                refused(answer)
                assert answer.headers["X-RateLimit-Limit"] == "2"
                assert answer.headers["X-RateLimit-Remaining"] == "0"


def test_an_address_can_log_in_only_so_often(strict: Server) -> None:
    with client(strict) as http:
        answers = [
            http.post("/tokens", json={"username": f"nobody{n}", "password": "guess guess"})
            for n in range(7)
        ]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429]


def test_registrations_are_few(strict: Server) -> None:
    with client(strict) as http:
        for name in ("newcomer1", "newcomer2", "newcomer3"):
            register(http, name)
        refused(http.post("/accounts", json={"username": "newcomer4", "password": "long enough"}))
    for expected in (409, 429):
        with client(strict) as http:
            answer = http.post(
                "/accounts", json={"username": "newcomer1", "password": "long enough"}
            )
            assert answer.status_code == expected


def test_refreshing_is_limited_by_session(strict: Server) -> None:
    with client(strict) as http:
        grant = register(http, "refresher")
        again = http.post("/tokens/refresh", json={"refreshToken": grant["refreshToken"]})
        assert again.status_code == 200
        token = again.json()["refreshToken"]
    with client(strict) as http:
        refused(http.post("/tokens/refresh", json={"refreshToken": token}))


def test_an_account_has_only_so_many_streams(strict: Server) -> None:
    with client(strict) as http:
        http.headers["Authorization"] = f"Bearer {register(http, 'listener')['accessToken']}"
        with http.stream("GET", "/stream") as one, http.stream("GET", "/stream") as two:
            lines = [answer.iter_lines() for answer in (one, two)]
            assert [next(each) for each in lines] == [": listening"] * 2
            refused(http.get("/stream"), "too_many_streams")


def test_a_proxy_that_is_no_address_is_a_clear_word(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="trusted_proxies"):
        Proxies(["localhost"])
