"""The application in this process, over a shape of its own: for what a clock or a port must set up."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import anyio
import httpx
from litestar import Litestar

from calotype.bootstrap import Embedded, build_services
from calotype.media.renditions import RENDITIONS, rendition_key
from calotype.posts.post import Audience, Post
from calotype.web.access import Answered
from calotype.web.app import build_app, build_edge
from calotype.web.edge import Edge
from calotype.web.services import Services
from tests.clocks import ManualClock, TickingClock
from tests.stores import new_post, opened, publish, start

PASSWORD = "correct horse"


@dataclass
class Visitor:
    """Someone with a client; a stranger has no name and no id."""

    http: httpx.AsyncClient
    name: str = ""
    id: int = 0

    async def log_in(self) -> None:
        """Take a fresh token: the old one ends 15 minutes after it was given."""
        credentials = {"username": self.name, "password": PASSWORD}
        self._hold(await self.http.post("/api/v1/tokens", json=credentials))

    async def register(self) -> None:
        person = {"username": self.name, "password": PASSWORD}
        self._hold(await self.http.post("/api/v1/accounts", json=person))

    async def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.http.request(method, f"/api/v1{path}", **options)

    async def follow(self, other: "Visitor") -> None:
        assert (await self.api("POST", f"/users/{other.id}/follow")).status_code == 200

    async def unfollow(self, other: "Visitor") -> None:
        assert (await self.api("DELETE", f"/users/{other.id}/follow")).status_code == 200

    async def shown(self, post: Post) -> dict[str, Any]:
        """The post as the API shows it to this person."""
        answer = await self.api("GET", f"/posts/{post.post_id}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def url(self, post: Post, rendition: str = "w640") -> str:
        """The URL of the first medium that the API gives this person."""
        url: str = (await self.shown(post))["media"][0]["urls"][rendition]
        return url

    def at(self, place: "Place") -> "Visitor":
        """The same person, with the same token, at another application."""
        visitor = place.stranger()
        visitor.name, visitor.id = self.name, self.id
        visitor.http.headers = self.http.headers
        return visitor

    def _hold(self, answer: httpx.Response) -> None:
        assert answer.status_code in {200, 201}, answer.text
        self.id = int(answer.json()["userId"])
        self.http.headers["Authorization"] = f"Bearer {answer.json()['accessToken']}"


@dataclass
class Place:
    """One running application."""

    shape: Embedded
    clock: ManualClock
    services: Services
    app: Litestar
    _visitors: list[Visitor] = field(default_factory=list)

    @cached_property
    def edge(self) -> Edge:
        """What requests meet first."""
        return dataclasses.replace(build_edge(self.services, "", Silence()), app=self.app)

    def stranger(self) -> Visitor:
        visitor = Visitor(_client(self.edge))
        self._visitors.append(visitor)
        return visitor

    async def person(self, name: str) -> Visitor:
        visitor = self.stranger()
        visitor.name = name
        await visitor.register()
        return visitor

    def about_to_stop(self) -> "Place":
        """The same place as its server is told to stop: what would go on for ever ends at once."""
        services = dataclasses.replace(self.services, closing=anyio.Event())
        services.closing.set()
        return Place(self.shape, self.clock, services, build_app(services), self._visitors)

    async def close(self) -> None:
        for visitor in self._visitors:
            await visitor.http.aclose()
        await self.services.flush()

    async def published(
        self,
        author_id: int,
        audience: Audience = Audience.EVERYONE,
        photos: int = 1,
        size: int = 3_000,
    ) -> Post:
        """A published post, its renditions in the store."""
        post = await start(self.shape, new_post(self.shape, author_id, audience, photos=photos))
        await self.render(post, size)
        return await publish(self.shape, post.post_id)

    async def render(self, post: Post, size: int = 3_000) -> None:
        """Put bytes where the renditions of a post belong."""
        for medium in post.media:
            for each in RENDITIONS:
                key = rendition_key(medium.media_id, medium.key, each.file_name)
                await self.shape.blobs.put(key, _chunks(content(medium.media_id, each.name, size)))

    async def files(self, post: Post) -> set[str]:
        """The keys of all renditions of a post's media, wherever they lie."""
        return {
            blob.key
            for medium in post.media
            async for blob in self.shape.blobs.list(f"processed/{medium.media_id}/")
        }

    async def stored(self, post_id: int) -> Post:
        post = await self.shape.posts.get(post_id)
        assert post is not None
        return post


def content(media_id: int, name: str, size: int) -> bytes:
    """The bytes that stand for a rendition: no two are the same."""
    pattern = f"{media_id}/{name}/".encode()
    return (pattern * (size // len(pattern) + 1))[:size]


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Place]:
    """The application over a fresh directory, on a clock that is turned by hand."""
    clock = TickingClock()
    async with opened(directory, clock) as shape:
        services = build_services(shape)
        place = Place(shape, clock, services, build_app(services))
        try:
            yield place
        finally:
            await place.close()


class Silence:
    """An access log that nobody reads."""

    def tell(self, answered: Answered) -> None:
        pass


def _client(app: Edge) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://here")


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data
