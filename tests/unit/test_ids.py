"""Ids that sort by time and name their shard."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.kernel.clock import SystemClock
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import (
    EPOCH_MS,
    MAX_ID,
    SEQUENCES,
    SHARDS,
    IdFactory,
    any_shard,
    first_id_at,
    parse_id,
    shard_of,
    shard_of_name,
    time_of,
)
from tests.clocks import ManualClock

LAST_MS = EPOCH_MS + (1 << 41) - 1


@given(st.integers(EPOCH_MS, LAST_MS), st.integers(0, SHARDS - 1))
def test_an_id_tells_its_time_and_its_shard(now_ms: int, shard: int) -> None:
    id_ = IdFactory(ManualClock(now_ms)).new(shard)
    assert 0 <= id_ <= MAX_ID
    assert (time_of(id_), shard_of(id_)) == (now_ms, shard)
    assert first_id_at(now_ms) <= id_ < first_id_at(now_ms + 1)


def test_ids_rise_strictly_also_when_the_clock_stands_still_or_is_set_back() -> None:
    clock = ManualClock()
    ids = IdFactory(clock)
    minted = [ids.new(3) for _ in range(SEQUENCES + 5)]
    assert time_of(minted[-1]) == clock.now_ms() + 1, "it borrows from the next millisecond"
    clock.advance(seconds=-60)
    minted += [ids.new(3) for _ in range(5)]
    clock.advance(seconds=120)
    minted.append(ids.new(3))
    assert minted == sorted(set(minted))
    assert time_of(minted[-1]) == clock.now_ms()


def test_a_new_process_stays_above_what_it_is_shown_though_its_clock_is_behind() -> None:
    clock = ManualClock()
    newest = IdFactory(clock).new(SHARDS - 1)
    clock.advance(seconds=-86_400)
    ids = IdFactory(clock)
    ids.stay_above(newest)
    ids.stay_above(first_id_at(clock.now_ms()))
    minted = [ids.new(0), ids.new(0)]
    assert newest < minted[0] < minted[1]
    assert time_of(minted[0]) == time_of(newest) + 1


def test_ids_of_one_process_are_never_minted_twice_by_its_threads() -> None:
    ids = IdFactory(SystemClock())
    minted: list[list[int]] = [[] for _ in range(8)]
    threads = [
        threading.Thread(target=lambda mine=mine: mine.extend(ids.new(1) for _ in range(500)))
        for mine in minted
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id_ for mine in minted for id_ in mine}) == 8 * 500
    assert all(mine == sorted(mine) for mine in minted)


class MicroClock(ManualClock):
    us = 0

    def now_us(self) -> int:
        return super().now_us() + self.us


def test_two_processes_keep_the_order_of_their_minting_to_the_microsecond() -> None:
    clock = MicroClock()
    one, two = IdFactory(clock), IdFactory(clock)
    minted = []
    for us in range(0, 1_000, 50):
        clock.us = us
        minted.append((one if us % 100 else two).new(9))
    assert minted == sorted(set(minted))


@pytest.mark.parametrize(("text", "id_"), [("1", 1), (str(MAX_ID), MAX_ID), ("007", 7)])
def test_an_id_is_read_from_digits(text: str, id_: int) -> None:
    assert parse_id(text) == id_


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "+1", "1.0", " 1", "1_0", "٣", "²", "0x1", str(MAX_ID + 1), "9" * 30]
)
def test_what_is_no_id_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_id(text, "post")
    assert caught.value.details == {"field": "post"}


def test_names_spread_over_the_shards_and_stay_where_they_are() -> None:
    shards = [shard_of_name(f"person{number}") for number in range(2_000)]
    assert all(0 <= shard < SHARDS for shard in shards)
    assert len(set(shards)) > 1_400  # 2,000 balls in 4,096 bins: 1,582 on average
    assert shard_of_name("ada") == 1_319
    assert all(0 <= any_shard() < SHARDS for _ in range(100))


def test_before_the_epoch_there_is_no_id() -> None:
    assert first_id_at(0) == 0
