"""Versions: a copy is good as long as nothing it depends on changed since it was begun."""

import asyncio

import pytest

from calotype.cache.flights import Flights
from calotype.connections.changes import Change, Notes, Versions
from calotype.kernel.ids import SHARD_SHIFT

READER, SHARD = 1 << 40, 7
OTHER = READER + 1


def test_a_copy_ends_with_a_change_of_what_it_depends_on_and_no_other() -> None:
    versions = Versions()
    begun = versions.now
    versions.changed(Change(authors=(SHARD + 1,), readers=(OTHER,), viewers=(READER,)))
    assert versions.still(begun, READER, [SHARD])
    versions.changed(Change(authors=(SHARD,)))
    assert not versions.still(begun, READER, [SHARD])
    assert versions.still(versions.now, READER, [SHARD])
    begun = versions.now
    versions.changed(Change(readers=(READER,)))
    assert not versions.still(begun, READER, [])


def test_after_a_loss_every_copy_ends() -> None:
    versions = Versions()
    begun = versions.now
    versions.changed(Change(lost=True))
    assert not versions.still(begun, READER, [])
    assert not versions.still(begun, OTHER, [SHARD])
    assert versions.viewer(READER) > begun


def test_notes_name_an_author_by_anything_of_theirs() -> None:
    notes = Notes()
    assert notes.change() is None
    notes.author(SHARD << SHARD_SHIFT | 5)
    notes.author(1 << 50 | SHARD << SHARD_SHIFT)
    assert notes.change() == Change(authors=(SHARD,))


@pytest.mark.anyio
async def test_who_asks_after_a_change_is_not_answered_with_what_was_begun_before() -> None:
    versions = Versions()
    flights: Flights[str, int] = Flights(versions)
    begun, go = 0, asyncio.Event()

    async def make() -> int:
        nonlocal begun
        begun += 1
        mine = begun
        await go.wait()
        return mine

    early = [asyncio.create_task(flights.join("k", make)) for _ in range(3)]
    await asyncio.sleep(0)
    versions.changed(Change(authors=(SHARD,)))
    late = asyncio.create_task(flights.join("k", make))
    await asyncio.sleep(0)
    early[0].cancel()
    go.set()
    assert [await task for task in early[1:]] == [1, 1]
    assert await late == 2


@pytest.mark.anyio
async def test_what_fails_fails_for_all_who_wait_and_is_tried_anew() -> None:
    flights: Flights[str, int] = Flights(Versions())

    async def fail() -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    async def make() -> int:
        return 1

    failed = await asyncio.gather(
        *(flights.join("k", fail) for _ in range(2)), return_exceptions=True
    )
    assert [str(each) for each in failed] == ["no", "no"]
    assert await flights.join("k", make) == 1
