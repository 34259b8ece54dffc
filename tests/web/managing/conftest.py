"""A place for a file of tests, and an author for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.inprocess import Place, Visitor, running
from tests.web.managing.world import names


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with running(tmp_path_factory.mktemp("house")) as place:
        yield place


@pytest.fixture
async def author(place: Place) -> Visitor:
    return await place.person(next(names))
