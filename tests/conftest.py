from collections.abc import Iterator

import pytest

from tests.server import Server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that only need people of their own on it."""
    running = Server(tmp_path_factory.mktemp("calotype")).start()
    yield running
    assert running.stop() == 0
