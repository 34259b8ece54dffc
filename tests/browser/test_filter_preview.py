"""The preview that a browser makes of a filter shows the pixels that the server makes."""

import base64
import io
import shutil
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from calotype.media.filters import Filter
from calotype.media.grading import graded
from calotype.media.palette import FILTERS
from calotype.media.svg import svg
from calotype.web.filters import StopView, show_filter
from tests.grading import levels
from tests.photos import encoded, scene

WIDTH, HEIGHT = 480, 360
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
every_filter = pytest.mark.parametrize("filter_", FILTERS, ids=lambda each: each.name)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        # The colours of the screen are not what is tested; --no-sandbox: root has none.
        options = ["--no-sandbox", "--force-color-profile=srgb"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        browser.close()


def gradients() -> Image.Image:
    """Every pair of red and green, and blue against both."""
    down = Image.linear_gradient("L")
    bands = (down.rotate(90), down, down.rotate(180))
    return Image.merge("RGB", bands).resize((WIDTH, HEIGHT))


def clear() -> Image.Image:
    """A scene that fades away to the right."""
    picture = scene(WIDTH, HEIGHT).copy()
    picture.putalpha(Image.linear_gradient("L").rotate(90).resize((WIDTH, HEIGHT)))
    return picture


def shot(page: Page, body: str) -> Image.Image:
    page.set_content(f'<body style="margin:0;background:white">{body}</body>')
    page.evaluate("document.images[0].decode()")
    return Image.open(io.BytesIO(page.screenshot()))


def img(picture: Image.Image, style: str = "") -> str:
    data = base64.b64encode(encoded(picture, "PNG")).decode()
    return f'<img style="display:block;{style}" src="data:image/png;base64,{data}">'


def previewed(page: Page, picture: Image.Image, filter_: Filter, strength: float) -> Image.Image:
    definition = (
        f'<svg width="0" height="0" style="position:absolute">{svg(filter_, strength)}</svg>'
    )
    return shot(page, definition + img(picture, f"filter:url(#calotype-{filter_.name})"))


def check(preview: Image.Image, made: Image.Image) -> None:
    difference = np.abs(levels(preview) - levels(made))
    assert difference.mean() < 1
    assert difference.max() <= 4


@every_filter
@pytest.mark.parametrize("strength", [0.35, 1.0])
@pytest.mark.parametrize("picture", [scene(WIDTH, HEIGHT), gradients()], ids=["scene", "gradients"])
def test_a_preview_shows_the_pixels_of_the_server(
    page: Page, filter_: Filter, strength: float, picture: Image.Image
) -> None:
    check(previewed(page, picture, filter_, strength), graded(picture, filter_, strength))


@every_filter
def test_a_preview_leaves_transparency_alone(page: Page, filter_: Filter) -> None:
    made = graded(clear(), filter_, 1.0)
    white = Image.new("RGBA", made.size, "white")
    white.alpha_composite(made)
    check(previewed(page, clear(), filter_, 1.0), white)


def test_a_vignette_may_as_well_be_a_gradient_laid_over_the_picture(page: Page) -> None:
    # What the API's description promises to clients that do without feImage.
    [filter_] = [each for each in FILTERS if each.name == "soot"]
    picture, strength = scene(WIDTH, HEIGHT), 0.7
    toned = msgspec.structs.replace(filter_, vignette=type(filter_.vignette)())
    stops = ", ".join(map(_css, show_filter(filter_, strength).vignette))
    overlay = (
        f'<div style="position:absolute;inset:0;opacity:{strength};'
        f'background:radial-gradient(farthest-corner, {stops})"></div>'
    )
    preview = shot(page, img(graded(picture, toned, strength)) + overlay)
    check(preview, graded(picture, filter_, strength))


def _css(stop: StopView) -> str:
    return f"rgb(0 0 0 / {stop.darkness}) {stop.distance:%}"
