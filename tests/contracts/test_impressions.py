"""What every ImpressionLog promises, and the segments of the embedded one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from calotype.engagement.adapters.segments import KEPT_MS, SegmentLog
from calotype.engagement.impressions import Impression, Served
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

ADA, BOB = 110, 220


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> SegmentLog:
    return SegmentLog(tmp_path / "impressions", clock, segment_bytes=1_000)


def seen(reader: int, post: int) -> Impression:
    return Impression(reader=reader, post=post, at_ms=5, dwell_ms=700, position=3)


def segments(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "impressions").glob("*.jsonl"))


def entries(tmp_path: Path) -> list[Any]:
    return [
        json.loads(line) for path in segments(tmp_path) for line in path.read_text().splitlines()
    ]


async def keep(log: SegmentLog, *kept: Impression | Served) -> None:
    log.append(kept)
    await log.flush()


async def test_entries_are_kept_whole_and_in_order(tmp_path: Path, log: SegmentLog) -> None:
    served = Served(reader=BOB, post=9, at_ms=6, position=0, score=0.5, features={"affinity": 1.5})
    log.append([seen(ADA, post) for post in range(3)])
    log.append([served])
    await log.flush()
    found = entries(tmp_path)
    assert [each["post"] for each in found] == [0, 1, 2, 9]
    assert found[0] == {
        "type": "impression",
        "reader": ADA,
        "post": 0,
        "atMs": 5,
        "dwellMs": 700,
        "position": 3,
    }
    assert found[3]["features"] == {"affinity": 1.5}
    await log.flush()
    assert len(entries(tmp_path)) == 4


async def test_a_full_segment_is_followed_by_another_also_with_the_clock_set_back(
    tmp_path: Path, log: SegmentLog, clock: ManualClock
) -> None:
    for post in range(40):
        clock.advance(ms=-5)
        await keep(log, seen(ADA, post))
    assert 4 <= len(segments(tmp_path)) <= 6
    assert all(path.stat().st_size < 1_100 for path in segments(tmp_path))
    assert [each["post"] for each in entries(tmp_path)] == list(range(40))


async def test_two_processes_write_into_one_directory(
    tmp_path: Path, log: SegmentLog, clock: ManualClock
) -> None:
    other = SegmentLog(tmp_path / "impressions", clock, segment_bytes=1_000)
    for post in range(20):
        await asyncio.gather(keep(log, seen(ADA, post)), keep(other, seen(BOB, post)))
    found = entries(tmp_path)
    for reader in (ADA, BOB):
        assert [each["post"] for each in found if each["reader"] == reader] == list(range(20))


async def test_a_person_who_left_is_taken_out_and_writing_goes_on(
    tmp_path: Path, log: SegmentLog
) -> None:
    await log.forget(ADA)
    for post in range(30):
        await keep(log, seen(ADA, post), seen(BOB, ADA))
    for _ in range(2):
        await log.forget(ADA)
    await keep(log, seen(BOB, 77))
    found = entries(tmp_path)
    assert {each["reader"] for each in found} == {BOB}
    assert len(found) == 31
    assert not list((tmp_path / "impressions").glob("*.part"))


async def test_segments_older_than_thirty_days_are_swept(
    tmp_path: Path, log: SegmentLog, clock: ManualClock
) -> None:
    await log.sweep()
    for post in range(30):
        await keep(log, seen(ADA, post))
        clock.advance(seconds=86_400)
    await log.sweep()
    assert len(entries(tmp_path)) == 30, "the oldest are of thirty days ago"
    clock.advance(seconds=20 * 86_400)
    await log.sweep()
    left = [each["post"] for each in entries(tmp_path)]
    # Whole segments go, of some ten entries.
    assert 10 <= len(left) < 30
    assert left[-10:] == list(range(20, 30))
    clock.advance(ms=KEPT_MS)
    await log.sweep()
    assert len(segments(tmp_path)) == 1, "the last one may still grow"
