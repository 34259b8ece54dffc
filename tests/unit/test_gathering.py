"""Small things gathered into batches."""

import asyncio
from collections.abc import Sequence

import pytest

from calotype.kernel.errors import Unavailable
from calotype.kernel.gathering import Gatherer

pytestmark = pytest.mark.anyio


class Sink:
    """Takes batches, or fails."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.came = asyncio.Event()
        self.broken = False

    async def write(self, batch: Sequence[int]) -> None:
        self.came.set()
        if self.broken:
            raise Unavailable("the disk is away")
        self.batches.append(list(batch))


async def test_what_comes_together_is_written_together() -> None:
    sink = Sink()
    gatherer = Gatherer(sink.write, delay_s=3_600, most=10)
    for number in range(7):
        gatherer.add([number])
    assert sink.batches == []
    await gatherer.flush()
    assert sink.batches == [list(range(7))]
    await gatherer.flush()
    assert len(sink.batches) == 1


async def test_enough_is_written_at_once_and_the_delay_brings_the_rest() -> None:
    sink = Sink()
    gatherer = Gatherer(sink.write, delay_s=3_600, most=10)
    gatherer.add(range(12))
    await sink.came.wait()
    assert sink.batches == [list(range(10))]
    await gatherer.flush()
    assert sink.batches[1:] == [[10, 11]]
    soon = Gatherer(sink.write, delay_s=0, most=10)
    sink.came.clear()
    soon.add([1])
    await sink.came.wait()


async def test_memory_is_bounded() -> None:
    sink = Sink()
    gatherer = Gatherer(sink.write, delay_s=3_600, most=10)
    gatherer.add(range(100))
    await gatherer.flush()
    assert [number for batch in sink.batches for number in batch] == list(range(20))


async def test_a_failure_costs_its_batch_and_no_more() -> None:
    sink = Sink()
    gatherer = Gatherer(sink.write, delay_s=3_600, most=10)
    sink.broken = True
    gatherer.add([1])
    await gatherer.flush()
    sink.broken = False
    gatherer.add([2])
    await gatherer.flush()
    assert sink.batches == [[2]]
