"""Pictures of every screen, for docs/screens: `make screens`.

A painted community is served in a folder of its own, and looked at by its owner on a phone, a tablet and a desk,
in both themes. The pictures are WebP, about 40 kB each.
"""

import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.surfer import REPOSITORY, Surfer, launch, missing
from tests.photos import camera_jpeg
from tests.server import Server

INTO = REPOSITORY / "docs/screens"
SIZES = {"phone": (390, 844), "tablet": (768, 1024), "desk": (1440, 900)}
QUALITY = 68
COMMUNITY = ("demo", "--people", "30", "--posts", "140")
LOGIN = re.compile(r"^ {2}(\S+) {2}password (\S+)", re.MULTILINE)
PLACES = {
    "feed": "/",
    "explore": "/explore",
    "notifications": "/notifications",
    "saved": "/saved",
    "settings": "/settings",
    "owner": "/owner",
}


def main() -> None:
    """Make them all anew."""
    if reason := missing():
        raise SystemExit(f"No screens without a browser and the client: {reason}")
    INTO.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "data")
        (name, password), (keeper, keeper_password) = LOGIN.findall(paint(server))
        photo = Path(folder) / "photo.jpg"
        photo.write_bytes(camera_jpeg())
        browser = launch(playwright)
        with server:
            for size in SIZES:
                for theme in ("light", "dark"):
                    see_door(browser, server, size, theme)
                    surfer = look_from(browser, server, size, theme)
                    surfer.log_in(name, password)
                    see_all(surfer, name, photo, f"{size}-{theme}")
                    surfer.leave()
                    owner = look_from(browser, server, size, theme)
                    owner.log_in(keeper, keeper_password)
                    owner.visit(PLACES["owner"])
                    keep(owner, "owner", f"{size}-{theme}")
                    owner.leave()
        browser.close()


def paint(server: Server) -> str:
    """Fill the server's folder; what the command says of log-ins."""
    return server.calotype(*COMMUNITY, patience_s=900)


def look_from(browser: Browser, server: Server, size: str, theme: str) -> Surfer:
    """Somebody with a screen of that size, in that theme."""
    options: dict[str, Any] = {"size": SIZES[size], "color_scheme": theme}
    if size == "phone":
        options |= {"is_mobile": True, "has_touch": True}
    return Surfer(browser, server, **options)


def see_door(browser: Browser, server: Server, size: str, theme: str) -> None:
    """What strangers see."""
    stranger = look_from(browser, server, size, theme)
    for name in ("login", "signup"):
        stranger.page.goto(f"/{name}")
        expect(stranger.page.locator("h1")).to_have_count(1)
        keep(stranger, name, f"{size}-{theme}")
    stranger.leave()


def see_all(surfer: Surfer, name: str, photo: Path, kind: str) -> None:
    """Every screen that a member has, once its photos are there."""
    for screen, path in PLACES.items():
        if screen != "owner":
            surfer.visit(path)
            keep(surfer, screen, kind)
    surfer.visit("/")
    surfer.page.locator("article .where a").first.click()
    expect(surfer.page.get_by_role("heading", name="Comments")).to_be_visible()
    keep(surfer, "post", kind)
    author = surfer.page.locator("article a.name").first.get_attribute("href") or "/"
    for screen, path in {"profile": author, "followers": f"/@{name}/followers"}.items():
        surfer.visit(path)
        keep(surfer, screen, kind)
    surfer.pick(photo)
    surfer.page.get_by_role("button", name="Lacock").click()
    keep(surfer, "create", kind)


def keep(surfer: Surfer, screen: str, kind: str) -> None:
    """Save what is seen, when the photos in view are there."""
    for image in in_view(surfer):
        image.evaluate("image => image.decode().catch(() => undefined)")
    picture = Image.open(io.BytesIO(surfer.page.screenshot()))
    picture.convert("RGB").save(INTO / f"{screen}-{kind}.webp", quality=QUALITY, method=6)


def in_view(surfer: Surfer) -> Iterator[Any]:
    for image in surfer.page.locator("main img").all():
        box = image.bounding_box()
        if box and box["y"] < SIZES["desk"][1]:
            yield image


if __name__ == "__main__":
    main()
