"""The web client as it is served: files, forms, pages, and what a shared link shows."""

import dataclasses
import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from calotype.accounts.edit import AccountChanges
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Post
from calotype.web.app import build_app
from calotype.web.bundle import Bundle, File, load_bundle
from tests.inprocess import Place, running
from tests.stores import move, new_post, publish, start

pytestmark = pytest.mark.anyio

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
INDEX = b"<!doctype html><html><head><title>Calotype</title></head><body></body></html>"
SCRIPT = b"console.log('negative');" * 50
BRIEF = b"pretend this is brotli"
FILES = {
    "index.html": INDEX,
    "assets/app-1a2b.js": SCRIPT,
    "assets/app-1a2b.js.br": BRIEF,
    "assets/app-1a2b.js.gz": gzip.compress(SCRIPT),
    "sw.js": b"self.skipWaiting()",
    "manifest.webmanifest": b"{}",
    "icons/icon.svg": b"<svg/>",
    "secret.py": b"no kind of file that is served",
}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A place with a built client."""
    built = tmp_path / "static"
    for name, body in FILES.items():
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_bytes(body)
    async with running(tmp_path / "house") as plain:
        services = dataclasses.replace(plain.services, bundle=load_bundle(built))
        place = Place(plain.shape, plain.clock, services, build_app(services))
        yield place
        await place.close()


async def get(place: Place, path: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await place.stranger().http.get(path, headers={"Accept": "*/*"} | named)


@pytest.mark.parametrize(
    "path", ["/", "/explore", "/@maria.braun", "/p/none", "/settings/sessions"]
)
async def test_the_page_answers_at_every_path_of_the_client(place: Place, path: str) -> None:
    answer = await get(place, path, **PAGE)
    assert (answer.status_code, answer.content) == (200, INDEX)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'"):
        assert rule in policy.split("; ")
    assert "unsafe" not in policy
    head = await place.stranger().http.head(path, headers=PAGE)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/nothing", "/media/nothing", "/assets/gone.js", "/setup/x", "/livez/x", "/metrics/x"],
)
async def test_what_others_answer_for_is_no_page(place: Place, path: str) -> None:
    answer = await get(place, path, **PAGE)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_pages_are_only_read(place: Place, method: str) -> None:
    answer = await place.stranger().http.request(method, "/explore", headers=PAGE)
    assert answer.status_code == 404


async def test_a_script_that_is_missing_is_not_answered_with_a_page(place: Place) -> None:
    assert (await get(place, "/old.js")).status_code == 404
    assert (await get(place, "/index.html")).status_code == 404


async def test_hashed_files_may_be_kept_for_ever_and_come_in_the_smallest_form(
    place: Place,
) -> None:
    path = "/assets/app-1a2b.js"
    forms = {"identity": SCRIPT, "gzip": FILES[f"{path[1:]}.gz"], "gzip, deflate, br": BRIEF}
    etags = set()
    for accepted, body in forms.items():
        async with httpx.AsyncClient(
            transport=place.stranger().http._transport, base_url="http://here"
        ) as http:
            request = http.build_request("GET", path, headers={"Accept-Encoding": accepted})
            answer = await http.send(request, stream=True)
            assert b"".join([chunk async for chunk in answer.aiter_raw()]) == body
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["vary"] == "Accept-Encoding"
        etags.add(answer.headers["etag"])
        again = await get(
            place, path, Accept_Encoding=accepted, If_None_Match=answer.headers["etag"]
        )
        assert (again.status_code, again.content) == (304, b"")
    assert len(etags) == 3


async def test_the_worker_may_serve_the_whole_site_and_is_always_asked_for_anew(
    place: Place,
) -> None:
    worker = await get(place, "/sw.js")
    assert worker.headers["service-worker-allowed"] == "/"
    assert worker.headers["cache-control"] == "no-cache"
    assert "connect-src 'self'" in worker.headers["content-security-policy"]
    manifest = await get(place, "/manifest.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    assert "service-worker-allowed" not in manifest.headers
    assert (await get(place, "/icons/icon.svg")).content == b"<svg/>"


@pytest.mark.parametrize(
    "path",
    [
        "/secret.py",
        "/../core.db",
        "/%2e%2e/core.db",
        "/assets/..%2f..%2fcore.db",
        "//etc/passwd",
        "/assets/app-1a2b.js.br",
        "/assets",
    ],
)
async def test_no_path_leads_out_of_the_bundle(place: Place, path: str) -> None:
    assert (await get(place, path)).status_code == 404


async def test_without_a_build_there_is_a_word_of_welcome(place: Place) -> None:
    services = dataclasses.replace(place.services, bundle=Bundle({}))
    bare = Place(place.shape, place.clock, services, build_app(services))
    assert "Its API is described at" in (await get(bare, "/", **PAGE)).text
    assert (await get(bare, "/explore", **PAGE)).status_code == 404
    assert (await get(bare, "/p/1", **PAGE)).status_code == 404
    await bare.close()


async def shared(place: Place, audience: Audience, caption: str, name: str) -> Post:
    person = await place.person("mia.braun")
    await place.services.people.edit(person.id, AccountChanges(name=name))
    post = replace(new_post(place.shape, person.id, audience), caption=caption)
    await start(place.shape, post)
    return await publish(place.shape, post.post_id)


async def test_a_shared_post_says_what_it_is_and_people_s_words_stay_words(place: Place) -> None:
    caption = '"><script>alert(1)</script> & light' + "x" * 500
    post = await shared(place, Audience.EVERYONE, caption, "</title><b>Mia")
    answer = await get(place, f"/p/{post.post_id}")
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert "<script>alert" not in answer.text
    assert "<b>" not in answer.text
    title = "&lt;/title&gt;&lt;b&gt;Mia (@mia.braun)"
    assert f"<title>{title}</title>" in answer.text
    assert f'<meta property="og:title" content="{title}">' in answer.text
    assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; light" in answer.text
    assert "x" * 400 not in answer.text
    image = f"http://here/media/{post.media[0].media_id}/w1080.jpg"
    assert f'<meta property="og:image" content="{image}">' in answer.text
    assert answer.text.endswith("</head><body></body></html>")


async def test_what_a_stranger_may_not_see_has_no_preview(place: Place) -> None:
    post = await shared(place, Audience.FOLLOWERS, "for friends", "Mia")
    public = await place.published(post.author_id)
    (author,) = (await place.services.people.accounts.by_ids([post.author_id])).values()
    assert (await get(place, f"/p/{post.post_id}", **PAGE)).content == INDEX
    assert author.username in (await get(place, f"/p/{public.post_id}", **PAGE)).text
    await move(place.shape, public.post_id, Status.ARCHIVED)
    assert (await get(place, f"/p/{public.post_id}", **PAGE)).content == INDEX
    assert (await get(place, "/p/99999999999999999999", **PAGE)).content == INDEX


@given(st.text(max_size=60))
def test_any_header_of_codings_gets_a_form(header: str) -> None:
    file = File(b"plain", "text/plain", "d", True, {"br": b"b", "gzip": b"g"})
    assert file.accepted(header)[1] in {b"plain", b"b", b"g"}


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", ""),
        ("br", "br"),
        ("BR;q=0.1", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, gzip;q=0", ""),
        ("*", ""),
        ("gzip;q=1.0, br;q=0.9", "br"),
    ],
)
def test_a_coding_of_weight_0_is_not_accepted(header: str, coding: str) -> None:
    file = File(b"plain", "text/plain", "d", True, {"br": b"b", "gzip": b"g"})
    assert file.accepted(header)[0] == coding


async def test_the_clients_types_know_every_operation_of_the_api(place: Place) -> None:
    types = (Path(__file__).parents[2] / "ui/src/api/schema.d.ts").read_text()
    operations = types[types.index("export interface operations {") :]
    known = set(re.findall(r"^    (\w+): \{$", operations, re.MULTILINE))
    paths = place.app.openapi_schema.to_schema()["paths"]
    served = {each["operationId"] for item in paths.values() for each in item.values()}
    assert known == served, "with a server running: cd ui && npm run schema"
