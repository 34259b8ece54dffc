"""Every operation of the API and every media URL, asked by everyone about every kind of post.

Each operation is declared in `audiences.OPERATIONS`: who may be shown a post by it, or that it never shows
one. An operation that is not declared fails here, and so does one that shows more, or less.
"""

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest

from calotype.engagement.comment import Comment
from calotype.feed.timelines import Push
from calotype.kernel.ids import shard_of
from calotype.media.renditions import RENDITIONS
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Facts, Post
from calotype.ranking.ranker import Candidate
from calotype.uploads.keys import master_key, original_key
from tests.inprocess import Place, content, running
from tests.stores import move, new_post, publish, start
from tests.web.audiences import (
    EVERYONE,
    MAY_SEE,
    OPERATIONS,
    UNDOCUMENTED,
    Cast,
    Changes,
    Kind,
    Reads,
    Role,
    Silent,
)

pytestmark = pytest.mark.anyio


_numbers = itertools.count()


@dataclass
class Scene:
    """One post of one kind, and everyone who may ask for it."""

    place: Place
    post: Post
    visitors: Cast
    caption: str
    comment_id: int
    traces: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        media = (medium.media_id for medium in self.post.media)
        self.traces = (self.caption, str(self.post.post_id), *map(str, media))

    def told(self, answer: httpx.Response) -> bool:
        """Whether an answer lets anything of the post through."""
        whole = content(self.post.media[0].media_id, "w640", 3_000)
        return answer.content == whole or any(trace in answer.text for trace in self.traces)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with running(tmp_path_factory.mktemp("house")) as place:
        yield place


def operations(place: Place) -> dict[str, tuple[str, str]]:
    """Method and path by the operation's id."""
    paths: dict[str, Any] = place.app.openapi_schema.to_schema()["paths"]
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in paths.items()
        for method, operation in item.items()
    }


@pytest.fixture(scope="module")
async def cast(place: Place) -> Cast:
    people = {role: await place.person("the." + role.replace(" ", ".")) for role in Role}
    return people | {Role.STRANGER: place.stranger()}


async def scene(place: Place, cast: Cast, kind: Kind) -> Scene:
    """A new post of a kind, and everyone as they stand to its author."""
    owner = cast[Role.OWNER]
    caption = f"words.of.{next(_numbers)}.alone"
    post = await _post(place, owner.id, kind, caption)
    for role in (Role.FORMER, Role.FOLLOWER):
        await cast[role].follow(owner)
    # Even those who follow no more have it in their timelines, as after a real fan-out.
    if post.published_id is not None:
        entry = Candidate(post.published_id, post.post_id, owner.id)
        await place.shape.timelines.push([Push(each.id, entry) for each in cast.values()])
    for role in (Role.FORMER, Role.OTHER):
        await cast[role].unfollow(owner)
    comment = Comment(place.shape.ids.new(shard_of(post.post_id)), post.post_id, owner.id, caption)
    await place.shape.core.write(
        shard_of(post.post_id), lambda tx: place.shape.comments.insert(tx, comment)
    )
    return Scene(place, post, cast, caption, comment.comment_id)


async def _post(place: Place, author_id: int, kind: Kind, caption: str) -> Post:
    shape = place.shape
    audience = Audience.FOLLOWERS if kind == Kind.FOLLOWERS else Audience.EVERYONE
    post = await start(
        shape,
        msgspec.structs.replace(new_post(shape, author_id, audience, photos=2), caption=caption),
    )
    await place.render(post)
    if kind == Kind.PROCESSING:
        facts = Facts(640, 480, "LEHV6nWB2yk8pyo0adR*")
        await shape.core.write(0, lambda tx: shape.posts.settle(tx, post.media[0].media_id, facts))
    else:
        await publish(shape, post.post_id)
    if kind == Kind.ARCHIVED:
        await move(shape, post.post_id, Status.ARCHIVED)
    return await place.stored(post.post_id)


async def ask(
    scene: Scene, role: Role, method: str, path: str, rule: Reads | Changes | Silent
) -> httpx.Response:
    places = {
        "post_id": scene.post.post_id,
        "media_id": scene.post.media[0].media_id,
        "file_name": "w640.webp",
        "user": scene.post.author_id,
        "comment_id": scene.comment_id,
        "session_id": 12345,
        "letter_id": 12345,
        "upload_id": scene.post.media[0].media_id,
    }
    query = rule.query(scene.post) if isinstance(rule, Reads) else {}
    visitor = scene.visitors[role]
    return await visitor.http.request(method, path.format(**places), params=query, json=rule.json)


async def test_every_operation_is_declared(place: Place) -> None:
    known = set(operations(place))
    assert known - set(OPERATIONS) == set(), (
        "say in OPERATIONS who may be shown a post by these, or that they show none"
    )
    assert set(OPERATIONS) - known == set(), "these are gone"


async def test_nothing_is_served_outside_the_document_but_pages(place: Place) -> None:
    documented = {path for _, path in operations(place).values()}
    served = {route.path_format for route in place.app.routes}
    assert served - documented - UNDOCUMENTED == set(), "nobody walks what the document lacks"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "name", [name for name, rule in OPERATIONS.items() if isinstance(rule, Reads)]
)
async def test_reading_shows_a_post_to_its_audience_alone(
    place: Place, name: str, cast: Cast, kind: Kind
) -> None:
    rule = OPERATIONS[name]
    assert isinstance(rule, Reads)
    method, path = operations(place)[name]
    here = await scene(place, cast, kind)
    for role in Role:
        answer = await ask(here, role, method, path, rule)
        who = f"{role} asks {name} for a post that is {kind}: {answer.status_code}"
        if rule.needs_login and role == Role.STRANGER:
            assert answer.status_code == 401, who
            assert not here.told(answer), who
        elif role in rule.shown[kind]:
            assert answer.status_code == rule.status, who
            assert here.told(answer) or rule.bodiless, who
        else:
            assert answer.status_code == rule.hidden, who
            assert not here.told(answer), who


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "name", [name for name, rule in OPERATIONS.items() if isinstance(rule, Changes)]
)
async def test_changing_is_for_the_owner_alone(
    place: Place, name: str, cast: Cast, kind: Kind
) -> None:
    rule = OPERATIONS[name]
    assert isinstance(rule, Changes)
    method, path = operations(place)[name]
    here = await scene(place, cast, kind)
    for role in Role:
        answer = await ask(here, role, method, path, rule)
        who = f"{role} asks {name} for a post that is {kind}: {answer.status_code}"
        if role == Role.OWNER:
            assert answer.status_code == rule.owner[kind], who
        else:
            assert answer.status_code == (401 if role == Role.STRANGER else 404), who
            assert not here.told(answer), who
            assert await place.stored(here.post.post_id) == here.post, who


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "name", [name for name, rule in OPERATIONS.items() if isinstance(rule, Silent)]
)
async def test_the_rest_never_speaks_of_a_post(
    place: Place, name: str, cast: Cast, kind: Kind
) -> None:
    rule = OPERATIONS[name]
    assert isinstance(rule, Silent)
    method, path = operations(place)[name]
    here = await scene(place, cast, kind)
    if rule.endless:
        stopping = place.about_to_stop()
        here.visitors = {role: each.at(stopping) for role, each in cast.items()}
    for role in Role:
        answer = await ask(here, role, method, path, rule)
        who = f"{role} asks {name}: {answer.status_code}"
        assert (answer.status_code == 401) >= (rule.needs_login and role == Role.STRANGER), who
        assert answer.status_code < 500, who
        assert not here.told(answer), who


@pytest.mark.parametrize("kind", Kind)
async def test_every_file_of_a_medium_follows_the_rule(
    place: Place, cast: Cast, kind: Kind
) -> None:
    here = await scene(place, cast, kind)
    medium = here.post.media[0]
    for rendition in RENDITIONS:
        whole = content(medium.media_id, rendition.name, 3_000)
        bare = f"/media/{medium.media_id}/{rendition.file_name}"
        signed = place.services.urls.url(medium, rendition.file_name, Audience.FOLLOWERS)
        forged = signed[:-1] + ("A" if signed[-1] != "A" else "B")
        # A signature shows whoever holds it what a follower is shown, and nothing else.
        bearers = EVERYONE if kind == Kind.FOLLOWERS else MAY_SEE[kind]
        for url, shown in ((bare, MAY_SEE[kind]), (forged, MAY_SEE[kind]), (signed, bearers)):
            for role, visitor in here.visitors.items():
                answer = await visitor.http.get(url)
                who = f"{role} asks for {url} of a post that is {kind}"
                assert (answer.content == whole) == (role in shown), who
                assert answer.status_code == (200 if role in shown else 404), who
                if role not in shown:
                    assert answer.headers["cache-control"] == "no-store", who


async def test_a_file_that_does_not_exist_is_nobodys(place: Place, cast: Cast) -> None:
    here = await scene(place, cast, Kind.PUBLIC)
    media_id = here.post.media[0].media_id
    for visitor in here.visitors.values():
        for name in ("w641.webp", "w640", "original", "w640.webp.jpg", str(media_id)):
            assert (await visitor.http.get(f"/media/{media_id}/{name}")).status_code == 404


@pytest.mark.parametrize("source", [original_key, master_key])
async def test_what_renditions_are_made_from_is_served_to_nobody(
    place: Place, cast: Cast, source: Callable[[int, int], str]
) -> None:
    here = await scene(place, cast, Kind.PUBLIC)
    medium = here.post.media[0]
    key = source(here.post.author_id, medium.media_id)
    secret = content(medium.media_id, "secret", 3_000)
    await place.shape.blobs.put(key, _once(secret))
    names = ["original", "master", "master.webp", "1080p.mp4", str(medium.media_id), ""]
    paths = [f"/media/{medium.media_id}/{name}" for name in names]
    paths += [f"/media/{key}", f"/{key}", f"/media/{medium.media_id}/..%2f..%2f{key}"]
    signed = place.services.urls.url(medium, "master", Audience.FOLLOWERS)
    for visitor in here.visitors.values():
        for path in (*paths, signed):
            answer = await visitor.http.get(path)
            assert answer.status_code == 404, path
            assert answer.content != secret, path


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
