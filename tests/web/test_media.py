"""Media delivery: conditions, ranges and caching, and who gets what, on a clock turned by hand."""

import itertools
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.connections.sql import Database
from calotype.kernel.errors import OutOfRange
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Post
from calotype.web.conditions import span_of
from calotype.web.media import AT_ONCE
from tests.inprocess import Place, Visitor, content, running
from tests.stores import move, new_post, publish, start

pytestmark = pytest.mark.anyio

DAY_S = 86_400
SIZE = 3_000


_names = (f"person{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """One place for all: its clock only goes forward, and everyone comes anew."""
    async with running(tmp_path_factory.mktemp("house")) as place:
        yield place


@pytest.fixture
async def author(place: Place) -> Visitor:
    return await place.person(next(_names))


@pytest.fixture
async def post(place: Place, author: Visitor) -> Post:
    return await place.published(author.id)


@pytest.fixture
async def url(author: Visitor, post: Post) -> str:
    return await author.url(post)


@pytest.fixture
async def whole(post: Post) -> bytes:
    return content(post.media[0].media_id, "w640", SIZE)


async def get(place: Place, url: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await place.stranger().http.get(url, headers=named)


def lasting(answer: httpx.Response) -> dict[str, str]:
    """Its headers without the one that is different every time."""
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


async def test_public_file_is_whole_and_immutable_for_a_year(
    place: Place, url: str, whole: bytes
) -> None:
    answer = await get(place, url)
    assert answer.status_code == 200
    assert answer.content == whole
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')
    assert "vary" not in answer.headers
    again = await get(place, url)
    assert place.services.hot.get(url) is not None, "the second one came from memory"
    assert again.content == whole
    assert lasting(again) == lasting(answer)


async def test_head_has_the_headers_of_get(place: Place, url: str) -> None:
    whole = await get(place, url)
    head = await place.stranger().http.head(url, headers={"Range": "bytes=0-1"})
    assert head.status_code == 200
    assert head.content == b""
    assert lasting(head) == lasting(whole)


async def test_no_two_files_share_an_etag(place: Place, author: Visitor, post: Post) -> None:
    other = await place.published(author.id)
    urls = [await author.url(each, size) for each in (post, other) for size in ("w640", "w320")]
    assert len({(await get(place, url)).headers["etag"] for url in urls}) == 4


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("condition", "fresh"),
    [
        ("{etag}", True),
        ('"other", {etag}', True),
        ("W/{etag}", True),
        ("*", True),
        ('"other"', False),
        ("{etag}x", True),
        ("other", False),
    ],
)
async def test_if_none_match(
    place: Place, url: str, method: str, condition: str, fresh: bool
) -> None:
    etag = (await get(place, url)).headers["etag"]
    header = {"If-None-Match": condition.format(etag=etag), "Range": "bytes=0-9"}
    answer = await place.stranger().http.request(method, url, headers=header)
    assert answer.status_code == (304 if fresh else 206 if method == "GET" else 200)
    assert answer.headers["etag"] == etag
    if fresh:
        assert answer.content == b""
        assert "content-range" not in answer.headers
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=2990-", 2_990, 3_000),
        ("bytes=2990-99999", 2_990, 3_000),
        ("bytes=-10", 2_990, 3_000),
        ("bytes=-99999", 0, 3_000),
        ("Bytes=0-", 0, 3_000),
    ],
)
async def test_single_range(
    place: Place, url: str, whole: bytes, asked: str, start: int, end: int
) -> None:
    answer = await get(place, url, Range=asked)
    assert answer.status_code == 206
    assert answer.content == whole[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/3000"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=3000-", "bytes=9999-10000", "bytes=-0"])
async def test_range_behind_the_end_is_refused_with_the_size(
    place: Place, url: str, asked: str
) -> None:
    answer = await get(place, url, Range=asked)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */3000"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "out_of_range"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "bytes=9-1",
        "bytes=-",
        "bytes=a-b",
        "lines=0-1",
        "bytes=1" + "0" * 5_000 + "-",
    ],
)
async def test_what_is_no_single_range_gets_the_whole(
    place: Place, url: str, whole: bytes, asked: str
) -> None:
    answer = await get(place, url, Range=asked)
    assert answer.status_code == 200
    assert answer.content == whole


async def test_if_range_guards_against_another_file(place: Place, url: str, whole: bytes) -> None:
    etag = (await get(place, url)).headers["etag"]
    assert (await get(place, url, Range="bytes=0-9", If_Range=etag)).content == whole[:10]
    for other in ('"other"', f"W/{etag}", "Wed, 21 Oct 2026 07:28:00 GMT"):
        answer = await get(place, url, Range="bytes=0-9", If_Range=other)
        assert (answer.status_code, answer.content) == (200, whole), other
    unsatisfiable = await get(place, url, Range="bytes=5000-", If_Range='"other"')
    assert unsatisfiable.status_code == 200


@given(st.integers(0, 1_000), *[st.none() | st.integers(0, 1_200)] * 2)
def test_span_is_a_slice_of_the_file(size: int, first: int | None, last: int | None) -> None:
    asked = "-".join("" if number is None else str(number) for number in (first, last))
    with suppress(OutOfRange):
        span = span_of(f"bytes={asked}", None, '"etag"', size)
        assert span is None or 0 <= span.start < span.end <= span.size == size


async def test_large_file_goes_on_in_chunks(place: Place, author: Visitor) -> None:
    size = 2 * AT_ONCE + 7
    post = await place.published(author.id, size=size)
    whole = content(post.media[0].media_id, "w640", size)
    url = await author.url(post)
    answer = await get(place, url)
    assert answer.content == whole
    assert answer.headers["content-length"] == str(size)
    part = await get(place, url, Range=f"bytes=5-{size - 3}")
    assert part.content == whole[5 : size - 2]
    assert part.headers["content-length"] == str(size - 7)


async def test_a_request_for_a_file_costs_one_round_trip(
    place: Place, author: Visitor, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = await place.published(author.id, Audience.FOLLOWERS)
    signed = await author.url(hidden)
    trips: list[int] = []
    read = Database.read

    async def counted(self: Database, shard: int, work: object) -> object:
        trips.append(shard)
        return await read(self, shard, work)  # type: ignore[arg-type]

    monkeypatch.setattr(Database, "read", counted)
    for path in (url, signed):
        trips.clear()
        assert (await get(place, path)).status_code == 200
        assert len(trips) == 1


async def test_file_that_is_being_made_is_never_cached(place: Place, author: Visitor) -> None:
    stranger = place.stranger()
    for audience in Audience:
        post = await start(place.shape, new_post(place.shape, author.id, audience))
        url = place.services.urls.url(post.media[0], "w640.webp", audience)
        answer = await stranger.http.get(url)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_ready"
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["retry-after"]) >= 1
        bare = await stranger.http.get(url.partition("?")[0])
        told = "not_ready" if audience == Audience.EVERYONE else "not_found"
        assert bare.json()["code"] == told, "what is for followers is not even known to others"
        await place.render(post)
        await publish(place.shape, post.post_id)
        assert (await stranger.http.get(url)).status_code == 200


async def test_signed_url_repeats_all_day_and_is_good_for_one_to_two(
    place: Place, author: Visitor
) -> None:
    post = await place.published(author.id, Audience.FOLLOWERS)
    medium = post.media[0]

    def url() -> str:
        return place.services.urls.url(medium, "w640.webp", Audience.FOLLOWERS)

    into_the_day = place.clock.now_ms() // 1000 % DAY_S
    place.clock.advance(seconds=DAY_S - into_the_day)  # midnight
    first = url()
    answer = await get(place, first)
    assert answer.headers["cache-control"] == f"private, max-age={2 * DAY_S}"
    assert answer.headers["vary"] == "Authorization"
    place.clock.advance(seconds=DAY_S - 1)
    assert url() == first, "the last second of the day"
    assert (await get(place, url())).headers["cache-control"] == f"private, max-age={DAY_S + 1}"
    place.clock.advance(seconds=1)
    assert url() != first, "the next day"
    place.clock.advance(seconds=DAY_S - 1)
    last = await get(place, first)
    assert (last.status_code, last.headers["cache-control"]) == (200, "private, max-age=1")
    place.clock.advance(seconds=1)
    assert (await get(place, first)).status_code == 404


async def test_stranger_former_follower_and_guesser_get_nothing(
    place: Place, author: Visitor
) -> None:
    post = await place.published(author.id, Audience.FOLLOWERS)
    other = await place.published(author.id, Audience.FOLLOWERS)
    follower, stranger = await place.person(next(_names)), place.stranger()
    await follower.follow(author)
    url = await follower.url(post)
    bare, _, query = url.partition("?")
    assert (await follower.http.get(bare)).headers["cache-control"] == "private, no-cache"

    guesses = [
        bare,
        f"{bare}?expires=99999999999&signature=guess",
        f"{bare}?{query.replace('expires=', 'expires=9')}",
        f"{(await follower.url(other)).partition('?')[0]}?{query}",
        f"/media/{post.media[0].media_id + 1}/w640.webp?{query}",
        f"/media/1/w640.webp?{query}",
    ]
    for guess in guesses:
        assert (await stranger.http.get(guess)).status_code == 404, guess
        assert (await stranger.http.head(guess)).status_code == 404, guess

    await follower.unfollow(author)
    assert (await follower.http.get(bare)).status_code == 404
    assert (await follower.http.get(url)).status_code == 200, "the promise of the day"
    place.clock.advance(seconds=2 * DAY_S)
    await follower.log_in()
    assert (await follower.http.get(url)).status_code == 404
    assert (await follower.api("GET", f"/posts/{post.post_id}")).status_code == 404


async def test_originals_have_no_url(place: Place, author: Visitor, post: Post) -> None:
    async def photo() -> AsyncIterator[bytes]:
        yield b"an original"

    media_id, key = post.media[0].media_id, post.media[0].key
    original = f"originals/{author.id}/{media_id}"
    await place.shape.blobs.put(original, photo())
    for path in (
        original,
        f"media/{original}",
        f"media/{media_id}",
        f"media/{media_id}/{media_id}",
        f"media/{media_id}/original",
        f"media/{media_id}/original.jpg",
        f"media/{media_id}/..%2f..%2f{original.replace('/', '%2f')}",
        f"media/{media_id}/{key}/w640.webp",
        f"blobs/{original}",
        f"processed/{media_id}/{key}/w640.webp",
    ):
        for visitor in (author, place.stranger()):
            assert (await visitor.http.get(f"/{path}")).status_code == 404, path


@pytest.mark.parametrize("audience", Audience)
async def test_archiving_ends_its_urls_at_once(
    place: Place, author: Visitor, audience: Audience
) -> None:
    post = await place.published(author.id, audience)
    url = await author.url(post)
    stranger = place.stranger()
    assert (await stranger.http.get(url)).status_code == 200
    await move(place.shape, post.post_id, Status.ARCHIVED)
    assert (await stranger.http.get(url)).status_code == 404
    assert (await author.http.get(url)).status_code == 200
    await move(place.shape, post.post_id, Status.PUBLISHED)
    assert (await stranger.http.get(url)).status_code == 200


async def test_file_is_found_under_its_old_key_until_it_is_moved(
    place: Place, author: Visitor, post: Post, whole: bytes
) -> None:
    answer = await author.api("PATCH", f"/posts/{post.post_id}", json={"audience": "followers"})
    url = answer.json()["media"][0]["urls"]["w640"]
    moved = await place.stored(post.post_id)
    assert moved.media[0].key != post.media[0].key
    assert (await get(place, url)).content == whole
    assert (await get(place, url, Range="bytes=1-2")).content == whole[1:3]


async def test_file_that_is_gone_is_not_found(place: Place, post: Post) -> None:
    """A file that is gone although its row stands is a 404, not a crash."""
    for key in await place.files(post):
        await place.shape.blobs.delete(key)
    answer = await get(place, f"/media/{post.media[0].media_id}/w640.webp")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
