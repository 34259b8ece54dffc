"""A server, Chromium, and people who use both."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.surfer import Surfer, launch, missing
from tests.photos import camera_jpeg
from tests.server import Server

Arrive = Callable[..., Surfer]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if reason := missing():
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if reason := missing():
        pytest.skip(reason)
    with Server(tmp_path_factory.mktemp("served") / "data") as server:
        yield server


@pytest.fixture
def arrive(chromium: Browser, server: Server) -> Iterator[Arrive]:
    """Open a browser of one's own; at the end, nobody's console may have complained."""
    there: list[Surfer] = []

    def open_one(**options: object) -> Surfer:
        there.append(Surfer(chromium, server, **options))
        return there[-1]

    yield open_one
    complaints = [complaint for surfer in there for complaint in surfer.complaints]
    for surfer in there:
        surfer.leave()
    assert complaints == []


@pytest.fixture(scope="module")
def camera_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 megapixels, lying on its side as a phone writes them."""
    path = tmp_path_factory.mktemp("photos") / "camera.jpg"
    path.write_bytes(camera_jpeg())
    return path
