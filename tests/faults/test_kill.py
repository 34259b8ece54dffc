"""Kills processes at random while people use the server; nothing that was acknowledged is lost.

CALOTYPE_TEST_FAULT_SEED repeats the choices of a run (not how the processes interleave).
"""

import os
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import checks, inside
from tests.faults.expectations import Expected
from tests.faults.history import History
from tests.faults.killer import Killer
from tests.faults.load import Client, Numbers, run
from tests.server import Person, Server, eventually

pytestmark = pytest.mark.anyio

THREADS = 4
PEOPLE = 8
# A lost doorbell waits for the backstop of 20 s, a crashed try for its backoff of 2 and 15 s.
SETTLING_S = 120.0
SETTINGS = {
    "CALOTYPE_POSTS_STUCK_AFTER_S": "5",
    "CALOTYPE_POSTS_RECONCILE_EVERY_S": "2",
    "CALOTYPE_ACCOUNTS_ACCESS_TOKEN_S": "86400",
}


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("CALOTYPE_TEST_FAULT_SEED", "") or secrets.randbelow(1_000_000))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data", SETTINGS).start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill_tree()


@pytest.mark.parametrize("count", [pytest.param(200), pytest.param(1_000, marks=pytest.mark.soak)])
async def test_what_was_acknowledged_survives_kill_9(
    count: int, seed: int, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    sys.stdout.write(f"CALOTYPE_TEST_FAULT_SEED={seed}\n")  # shown with any failure
    began = time.monotonic()
    people = [server.person(f"person{number}") for number in range(PEOPLE)]
    history = History()
    kills = _disturb(server, people, history, count, seed)
    loaded = time.monotonic()
    expected = Expected.after(history)
    _settle(server.data)
    settled = time.monotonic()
    letters = server.dead_letters()
    findings = checks.seen_by_clients(history) + checks.dead_ends(server.data, letters)
    replayed = _replay_all(server, letters)
    findings += checks.posts(expected, people, server.data)
    findings += checks.uploads(expected, server.data)
    findings += checks.graph(expected, people) + checks.feeds(people, server.data)
    assert server.stop() == 0
    before = inside.blob_findings(server.data)
    swept = await inside.sweep(server.data)
    findings += inside.blob_findings(server.data) + inside.broken_databases(server.data)
    summary = (
        f"\nseed {seed}: {count} operations {_by_kind_and_outcome(history)}; "
        f"killed {dict(kills)}; {replayed} dead letters replayed; {len(before)} leftovers, "
        f"swept {swept.orphans} orphans and {swept.leftovers} unfinished writes; "
        f"posts {dict(Counter(inside.statuses(server.data).values()))}; "
        f"{loaded - began:.0f} s of load, {settled - loaded:.0f} s to settle, "
        f"{time.monotonic() - settled:.0f} s of checks\n"
    )
    with capfd.disabled():
        sys.stdout.write(summary)
    assert not findings, summary + "\n".join([*findings, "".join(server.log[-200:])])


def _disturb(
    server: Server, people: list[Person], history: History, count: int, seed: int
) -> Counter[str]:
    """Run all operations under fire; the kills by role."""
    numbers = Numbers(count)
    clients = [
        Client(
            server,
            people[thread::THREADS],
            people,
            numbers,
            history,
            random.Random(f"{seed}/client/{thread}"),
        )
        for thread in range(THREADS)
    ]
    killer = Killer(server, history, random.Random(f"{seed}/killer"))
    killer.start()
    try:
        run(clients)
    finally:
        history.close()
        killer.join()
    return killer.kills


def _settle(data: Path) -> None:
    try:
        eventually(lambda: not inside.work_left(data), "all work to be done", SETTLING_S)
    except AssertionError:
        raise AssertionError(
            f"after {SETTLING_S} s there is left: {inside.work_left(data)}"
        ) from None


def _replay_all(server: Server, letters: list[str]) -> int:
    """Replay, as an operator would, until there are no dead letters; how many there were."""
    replayed = 0
    while letters:
        ids = sorted({letter.split()[0] for letter in letters})
        server.calotype("dead-letters", "replay", *ids)
        replayed += len(ids)
        _settle(server.data)
        letters = server.dead_letters()
    return replayed


def _by_kind_and_outcome(history: History) -> dict[str, int]:
    return dict(sorted(Counter(f"{each.kind} {each.outcome}" for each in history).items()))
