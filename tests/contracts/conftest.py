from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calotype.bootstrap import Embedded
from tests.clocks import TickingClock
from tests.stores import KINDS, House


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture(params=KINDS)
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, clock: TickingClock
) -> AsyncIterator[House]:
    """A fresh house of each kind, which can be opened again and again."""
    house = House(request.param, tmp_path / "house", clock)
    yield house
    await house.close()


@pytest.fixture
async def shape(house: House) -> Embedded:
    return house.open()
