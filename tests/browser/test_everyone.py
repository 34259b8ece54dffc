"""Every screen can be used by everyone: axe finds nothing, nothing is wider than the narrowest phone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.surfer import AXE, Surfer
from tests.photos import small_jpeg
from tests.server import Server

Arrive = Callable[..., Surfer]
NARROW = (320, 640)
SCREENS = {
    "feed": "/",
    "explore": "/explore",
    "found": "/explore",
    "create": "/create",
    "saved": "/saved",
    "notifications": "/notifications",
    "profile": "/@hedwig",
    "followers": "/@hedwig/followers",
    "settings": "/settings",
    "owner": "/owner",
    "missing": "/nowhere/at/all",
}


@pytest.fixture(scope="module")
def hedwig(
    chromium: Browser, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Surfer]:
    surfer = Surfer(chromium, server, size=NARROW)
    surfer.sign_up("hedwig")
    photo = tmp_path_factory.mktemp("photos") / "small.jpg"
    photo.write_bytes(small_jpeg())
    surfer.pick(photo, photo)
    surfer.page.get_by_label("Describe it for people who cannot see it").fill("A made-up scene")
    surfer.share("A long word: Donaudampfschifffahrtsgesellschaftskapitän, with @hedwig #light")
    expect(surfer.post_of("A long word").locator("img.full").first).to_be_visible()
    yield surfer
    surfer.leave()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make ui")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_is_for_everyone(hedwig: Surfer, screen: str, theme: str) -> None:
    hedwig.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    hedwig.visit(SCREENS[screen])
    if screen == "found":
        hedwig.page.get_by_role("searchbox").fill("hed")
        expect(hedwig.page.get_by_role("link", name="hedwig")).to_be_visible()
    assert hedwig.violations() == []
    assert hedwig.overflow() == 0


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make ui")
@pytest.mark.parametrize("path", ["/login", "/signup"])
def test_the_door_is_open_to_everyone(arrive: Arrive, path: str) -> None:
    stranger = arrive(size=NARROW)
    stranger.page.goto(path)
    expect(stranger.page.get_by_role("button").first).to_be_visible()
    assert stranger.violations() == []
    assert stranger.overflow() == 0


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make ui")
def test_the_editor_is_for_everyone(hedwig: Surfer, camera_photo: Path) -> None:
    hedwig.pick(camera_photo)
    hedwig.page.get_by_role("button", name="Soot").click()
    assert hedwig.violations() == []
    hedwig.page.get_by_role("tab", name="Crop").click()
    assert hedwig.violations() == []
    assert hedwig.overflow() == 0


def test_the_other_language_is_spoken_whole(arrive: Arrive) -> None:
    ilse = arrive()
    ilse.sign_up("ilse")
    ilse.visit("/settings")
    ilse.page.get_by_text("Deutsch").click()
    expect(ilse.page.get_by_role("heading", name="Einstellungen", level=1)).to_be_visible()
    ilse.visit("/")
    expect(ilse.page.get_by_text("Folge Menschen, um diese Seite zu füllen")).to_be_visible()
