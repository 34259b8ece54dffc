"""What every Doorbell promises its listeners."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from calotype.connections.changes import Change
from calotype.connections.doorbell import UnixDoorbell

pytestmark = pytest.mark.anyio


class Hall:
    """One directory's doorbells; each stands for a process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bells: list[UnixDoorbell] = []

    def bell(self, name: str, *, hears: bool = True) -> UnixDoorbell:
        bell = UnixDoorbell(self.directory, name)
        if hears:
            bell.open()
        self.bells.append(bell)
        return bell


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    # Not pytest's directories: they are too long for a socket's path.
    with tempfile.TemporaryDirectory() as directory:
        hall = Hall(Path(directory))
        yield hall
        for bell in hall.bells:
            bell.close()


async def test_a_ring_wakes_every_listener_of_its_topic_in_every_process(hall: Hall) -> None:
    ringer, one, two = hall.bell("r", hears=False), hall.bell("one"), hall.bell("two")
    listeners = [one.listen("t"), one.listen("t"), two.listen("t")]
    deaf = one.listen("other")
    ringer.ring("t")
    assert [await listener.wait(60) for listener in listeners] == [True] * 3
    assert not deaf.rung.is_set()


async def test_a_ring_before_the_wait_is_not_lost_and_counts_once(hall: Hall) -> None:
    bell = hall.bell("one")
    listener, witness = bell.listen("t"), bell.listen("t")
    bell.ring("t")
    await witness.rung.wait()
    assert await listener.wait(60)
    assert not await listener.wait(0)


async def test_waiting_ends_without_a_ring(hall: Hall) -> None:
    listener = hall.bell("one").listen("t")
    assert not await listener.wait(0)
    assert not await listener.wait(-5)


async def test_ringing_may_come_from_any_thread_and_with_nobody_there(tmp_path: Path) -> None:
    hall = Hall(tmp_path / "absent")
    lonely = hall.bell("r", hears=False)
    lonely.ring("t")
    bell = hall.bell("one")
    listener = bell.listen("t")
    await asyncio.to_thread(lonely.ring, "t")
    assert await listener.wait(60)
    for each in hall.bells:
        each.close()


async def test_a_full_queue_of_rings_neither_blocks_nor_fails(hall: Hall) -> None:
    ringer, bell = hall.bell("r", hears=False), hall.bell("one")
    listener = bell.listen("last")
    for _ in range(5_000):  # more than a socket holds
        ringer.ring("t")
    while not listener.rung.is_set():
        await asyncio.sleep(0)
        ringer.ring("last")


async def test_the_socket_of_a_dead_process_is_cleared_away_and_of_a_living_one_kept(
    hall: Hall,
) -> None:
    dead, living = hall.bell("dead"), hall.bell("living")
    assert dead._receiver is not None
    asyncio.get_running_loop().remove_reader(dead._receiver)
    dead._receiver.close()  # as kill -9 leaves it: the path stays
    dead._receiver = None
    assert len(list(hall.directory.glob("*.sock"))) == 2
    listener = living.listen("t")
    living.ring("t")
    assert await listener.wait(60)
    assert [path.name.split("-")[0] for path in hall.directory.glob("*.sock")] == ["living"]


async def test_a_closed_doorbell_hears_and_rings_no_more_and_silences_nobody(hall: Hall) -> None:
    closed, living = hall.bell("closed"), hall.bell("living")
    closed.close()
    closed.close()
    closed.ring("t")
    listener = living.listen("t")
    living.ring("t")
    assert await listener.wait(60)
    assert len(list(hall.directory.glob("*.sock"))) == 1


async def test_a_closed_listener_is_forgotten(hall: Hall) -> None:
    bell = hall.bell("one")
    gone, witness = bell.listen("t"), bell.listen("t")
    gone.close()
    bell.ring("t")
    await witness.rung.wait()
    assert not gone.rung.is_set()


async def test_a_directory_too_long_for_a_socket_works_too(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        deep = tmp_path / ("d" * 60) / ("e" * 60)
        deep.mkdir(parents=True)
        one, two = (UnixDoorbell(deep, name) for name in ("one", "two"))
        for bell in (one, two):
            bell.open()
            stack.callback(bell.close)
        listener = two.listen("t")
        one.ring("t")
        assert await listener.wait(60)


class Ears:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Change] = asyncio.Queue()

    def changed(self, change: Change) -> None:
        self.heard.put_nowait(change)


async def test_a_change_reaches_the_other_processes_and_not_ones_own(hall: Hall) -> None:
    one, two = hall.bell("one"), hall.bell("two")
    one.witness, two.witness = own, theirs = Ears(), Ears()
    told = Change(authors=(7,), readers=(1 << 62,))
    one.changed(told)
    assert await theirs.heard.get() == told
    two.changed(Change(viewers=(3,)))
    assert await own.heard.get() == Change(viewers=(3,))


async def test_a_change_that_found_no_room_is_made_up_for_by_the_next(hall: Hall) -> None:
    teller, hearer = hall.bell("teller", hears=False), hall.bell("hearer")
    hearer.witness = ears = Ears()
    told = [Change(readers=(number,)) for number in range(1, 5_000)]
    for change in told:  # nobody takes them meanwhile: more than any queue holds
        teller.changed(change)
    assert await ears.heard.get() == told[0]
    while not ears.heard.empty():
        ears.heard.get_nowait()
    teller.changed(Change(authors=(7,)))
    assert await ears.heard.get() == Change(lost=True)
    teller.changed(Change(authors=(8,)))
    assert await ears.heard.get() == Change(authors=(8,))


async def test_a_change_too_large_for_a_datagram_is_told_as_lost(hall: Hall) -> None:
    teller, hearer = hall.bell("teller", hears=False), hall.bell("hearer")
    hearer.witness = ears = Ears()
    teller.changed(Change(readers=tuple(range(1 << 60, (1 << 60) + 10_000))))
    assert await ears.heard.get() == Change(lost=True)
