"""Filters, crops and turns over HTTP: what is offered, and what becomes of an upload."""

import io
import json
import re
from typing import Any
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest
from PIL import Image

from calotype.kernel.errors import Invalid
from calotype.posts.draft import MediumWish, look_of
from calotype.posts.post import MediumKind
from tests.grading import Pixels, by_the_rule, levels
from tests.photos import camera_jpeg, encoded, scene
from tests.server import Person, Server


@pytest.fixture(scope="module")
def author(server: Server) -> Person:
    return server.person("printmaker")


@pytest.fixture(scope="module")
def offered(server: Server) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/api/v1/filters")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=3600"
    return {each["name"]: each for each in answer.json()["filters"]}


def shown(server: Server, post: Any, medium: int = 0) -> Image.Image:
    answer = httpx.get(server.url + post["media"][medium]["urls"]["w1080.jpg"])
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.content))


def distance(picture: Image.Image, expected: Pixels) -> float:
    """The mean difference of the worst channel, 0 to 255, in what is coarser than codecs' noise."""
    assert picture.size == expected.shape[1::-1]
    return float(np.abs(coarse(levels(picture)) - coarse(expected)).mean(axis=(0, 1)).max())


def coarse(pixels: Pixels) -> Pixels:
    """The mean of each 5 x 5 pixels."""
    height, width = (side // 5 * 5 for side in pixels.shape[:2])
    blocks = pixels[:height, :width].reshape(height // 5, 5, width // 5, 5, 3)
    means: Pixels = blocks.mean(axis=(1, 3))
    return means


def test_all_filters_are_offered_to_anyone_with_all_that_a_preview_needs(
    offered: dict[str, Any],
) -> None:
    assert len(offered) >= 12
    for each in offered.values():
        assert each["label"]
        assert [len(row) for row in each["matrix"]] == [4, 4, 4]
        assert [len(each["curves"][channel]) for channel in ("red", "green", "blue")] == [33] * 3
        svg = ElementTree.fromstring(each["svg"])
        assert (svg.tag, svg.get("id")) == ("filter", f"calotype-{each['name']}")
        assert (svg.find("feImage") is not None) == bool(each["vignette"])


def test_the_definition_is_given_at_the_strength_that_is_asked_for(
    server: Server, offered: dict[str, Any]
) -> None:
    answer = httpx.get(f"{server.url}/api/v1/filters", params={"strength": 0.5})
    for half in answer.json()["filters"]:
        full = offered[half["name"]]
        assert half["matrix"] == full["matrix"], "the data are always those at full strength"
        matrix = ElementTree.fromstring(half["svg"]).find("feColorMatrix")
        assert matrix is not None
        first = float((matrix.get("values") or "").split()[0])
        assert first == pytest.approx((1 + full["matrix"][0][0]) / 2, abs=1e-5)


@pytest.mark.parametrize("strength", ["-0.1", "1.1", "nan", "much"])
def test_a_strength_out_of_bounds_is_refused(server: Server, strength: str) -> None:
    answer = httpx.get(f"{server.url}/api/v1/filters", params={"strength": strength})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_upload_is_turned_cropped_and_filtered(
    server: Server, author: Person, offered: dict[str, Any]
) -> None:
    crop = {"x": 0.1, "y": 0.2, "width": 0.75, "height": 0.5}
    look = {"turn": 90, "crop": crop, "filter": "lacock", "strength": 0.7}
    photo = camera_jpeg(2000, 1600, 6)
    created = author.post(photo, photo, media=json.dumps([look, {"crop": "square"}]))
    post = author.settled(created["postId"])
    assert post["status"] == "PUBLISHED", post
    sizes = [(medium["width"], medium["height"]) for medium in post["media"]]
    assert sizes == [(1200, 1000), (1600, 1600)]

    part = scene(2000, 1600).transpose(Image.Transpose.ROTATE_270).crop((160, 400, 1360, 1400))
    part = part.resize((1080, 900), Image.Resampling.LANCZOS)
    filtered = by_the_rule(levels(part), offered["lacock"], 0.7)
    made = shown(server, post)
    assert distance(made, filtered) < 4 < 20 < distance(made, levels(part))


@pytest.mark.parametrize("name", ["market", "matinee", "soot", "atkins"])
def test_renditions_are_what_the_rule_says_within_a_level(
    server: Server, author: Person, offered: dict[str, Any], name: str
) -> None:
    # Smooth, since a codec's noise must not hide what is measured.
    down = Image.linear_gradient("L").resize((600, 480), Image.Resampling.BICUBIC)
    across = Image.linear_gradient("L").rotate(90).resize((600, 480), Image.Resampling.BICUBIC)
    picture = Image.merge("RGB", (across, down, down))
    created = author.post(
        encoded(picture, "PNG"), media=json.dumps([{"filter": name, "strength": 0.8}])
    )
    made = shown(server, author.settled(created["postId"]))
    assert distance(made, by_the_rule(levels(picture), offered[name], 0.8)) < 1


def test_editing_a_post_changes_no_pixel(server: Server, author: Person) -> None:
    created = author.post(camera_jpeg(640, 480), media='[{"filter": "soot", "turn": 180}]')
    post = author.settled(created["postId"])
    before = httpx.get(server.url + post["mediaUrls"][0]).content
    changes = {"media": [{"mediaId": post["media"][0]["mediaId"], "altText": "Soot"}]}
    edited = author.http.patch(f"/posts/{post['postId']}", json=changes).json()
    assert edited["media"][0]["altText"] == "Soot"
    assert httpx.get(server.url + edited["mediaUrls"][0]).content == before


def test_the_words_of_a_refusal_say_what_can_be_chosen(author: Person) -> None:
    answer = author.http.post(
        "/posts",
        files={"mediaFile": camera_jpeg(640, 480)},
        data={"media": '[{"filter": "valencia"}]'},
    )
    assert re.match(
        r'media\[0\].filter: "valencia" is none of market, .*atkins', answer.json()["detail"]
    )


def test_looks_are_for_photos_alone() -> None:
    assert look_of(MediumWish(alt_text="a film"), MediumKind.VIDEO, 0).filter == ""
    with pytest.raises(Invalid, match=r"media\[2\] is a video: .* leave them out") as refused:
        look_of(MediumWish(filter="soot"), MediumKind.VIDEO, 2)
    assert refused.value.details == {"field": "media[2]"}
