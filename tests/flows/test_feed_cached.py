"""A feed that is cached is the feed, whatever happened before it was read and whatever was lost."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calotype.accounts.account import Identity, Role
from calotype.accounts.create import NewPerson
from calotype.accounts.edit import AccountChanges
from calotype.bootstrap import Embedded, build_services
from calotype.connections.changes import Change, Versions
from calotype.feed.backfill import Backfill
from calotype.feed.page import Source
from calotype.feed.read import Order
from calotype.feed.timelines import Push
from calotype.kernel.errors import NotFound
from calotype.posts.edit import Edit
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience
from calotype.ranking.ranker import Candidate
from calotype.web.app import build_edge
from calotype.web.feed import make_page, ready_page
from calotype.web.services import Services
from tests.clocks import TickingClock
from tests.stores import House, new_post, publish, start

AUTHORS = 3
PASSWORD = "correct horse"
_CURSOR = re.compile(rb',"nextCursor":"[^"]*"')


class World:
    """A reader and some authors at one place, which is read with its caches and without any."""

    def __init__(self, shape: Embedded, clock: TickingClock) -> None:
        uncached = msgspec.structs.replace(shape.settings.feed, cache_s=0)
        bare = msgspec.structs.replace(shape.settings, feed=uncached)
        self.shape, self.clock = shape, clock
        self.cached = build_services(shape)
        self.uncached = build_services(dataclasses.replace(shape, settings=bare))
        self.people: list[int] = []
        self.posts: list[int] = []
        self.left = False

    async def begin(self, number: int) -> None:
        for at in range(AUTHORS + 1):
            person = NewPerson(f"person{number}x{at}", PASSWORD)
            self.people.append((await self.cached.people.register(person)).user_id)
        for at in range(AUTHORS):
            await self.follow(at)

    @property
    def reader(self) -> int:
        return self.people[0]

    def author(self, which: int) -> int:
        return self.people[which % (AUTHORS + 1)]

    async def publish(self, which: int) -> None:
        """As the worker does it: the post first, then the timelines."""
        self.clock.advance(ms=1)
        author = self.author(which)
        audience = Audience.FOLLOWERS if which % 5 == 0 else Audience.EVERYONE
        begun = await start(self.shape, new_post(self.shape, author, audience))
        self.posts.append(begun.post_id)
        if which % 4 == 3:
            return
        post = await publish(self.shape, begun.post_id)
        entry = Candidate(post.published_id or 0, post.post_id, author)
        readers = await self.shape.graph.follower_ids(author, 0, 100)
        await self.shape.timelines.push([Push(reader, entry) for reader in readers])

    async def archive(self, which: int) -> None:
        await self._change(which, self.cached.posting.withdraw.withdraw)

    async def restore(self, which: int) -> None:
        await self._change(which, self.cached.posting.withdraw.restore, Status.ARCHIVED)

    async def edit(self, which: int) -> None:
        await self._edit(which, Edit(caption=f"words {which} #{self.clock.now_us()}"))

    async def narrow(self, which: int) -> None:
        await self._edit(which, Edit(audience=Audience.FOLLOWERS))

    async def widen(self, which: int) -> None:
        await self._edit(which, Edit(audience=Audience.EVERYONE))

    async def follow(self, which: int) -> None:
        author = self.people[which % AUTHORS + 1]
        with suppress(NotFound):
            await self.cached.follow.follow(self.reader, author)
        backfill = Backfill(self.shape.posts, self.shape.graph, self.shape.timelines)
        await backfill.backfill(self.reader, author)

    async def unfollow(self, which: int) -> None:
        await self.cached.follow.unfollow(self.reader, self.people[which % AUTHORS + 1])

    async def rename(self, which: int) -> None:
        name = AccountChanges(name=f"Name {self.clock.now_us()}")
        with suppress(NotFound):
            await self.cached.people.edit(self.author(which), name)

    async def leave(self, which: int) -> None:
        """One of the authors, in few histories."""
        author = self.people[-1]
        if which == 0 and not self.left:
            self.left = True
            await self.cached.leave.leave(Identity(author, 0, Role.MEMBER), PASSWORD)

    async def wait(self, which: int) -> None:
        self.clock.advance(seconds=(1, 50, 61, 3_600)[which % 4])

    async def lose(self, which: int) -> None:
        if which % 2:
            self.cached.feed.lists.forget_all()
        if which % 3:
            self.cached.fragments.forget_all()
            self.cached.engagement.kept.forget_all()

    async def like(self, which: int) -> None:
        if self.posts:
            post_id = self.posts[which % len(self.posts)]
            with suppress(NotFound):
                await self.cached.engagement.react.like(
                    self.reader, post_id, standing=which % 2 == 0
                )
                await self.cached.engagement.react.save(
                    self.reader, post_id, standing=which % 3 == 0
                )

    async def read(self, which: int) -> None:
        """The same posts and the same bytes; a snapshot's name in the cursor is its own."""
        limit = (1, 3, 20)[which % 3]
        ours, _ = await make_page(self.cached, self.reader, "", limit, Order.RANKED)
        self.uncached.engagement.kept.forget_all()
        theirs, source = await make_page(self.uncached, self.reader, "", limit, Order.RANKED)
        assert source == Source.TIMELINE
        assert _CURSOR.sub(b"", ours) == _CURSOR.sub(b"", theirs)
        assert (ours == _CURSOR.sub(b"", ours)) == (theirs == _CURSOR.sub(b"", theirs))
        if not self.left:  # posts without an author are not shown, and looked for until they go
            assert ready_page(self.cached, self.reader, limit) == ours

    async def _edit(self, which: int, edit: Edit) -> None:
        await self._change(
            which, lambda author, post: self.cached.posting.edit.edit(author, post, edit)
        )

    async def _change(
        self,
        which: int,
        change: Callable[[int, int], Awaitable[object]],
        only: Status | None = None,
    ) -> None:
        if not self.posts:
            return
        post = await self.shape.posts.get(self.posts[which % len(self.posts)])
        gone = {Status.CANCELLED, Status.PURGED}
        if post and post.status not in gone and (only is None or post.status == only):
            await change(post.author_id, post.post_id)


STEPS: dict[str, Callable[[World, int], Awaitable[None]]] = {
    name: getattr(World, name)
    for name in (
        *("publish", "archive", "restore", "edit", "narrow", "widen", "follow", "unfollow"),
        *("rename", "leave", "wait", "lose", "like"),
    )
}
histories = st.lists(
    st.tuples(st.sampled_from([*STEPS, "publish", "publish"]), st.integers(0, 11), st.booleans()),
    max_size=30,
)


class Runner:
    """One house and one event loop for all examples; each has people of its own."""

    def __init__(self, directory: Path) -> None:
        self.clock = TickingClock()
        self.loop = asyncio.Runner()
        self.house = House("embedded", directory, self.clock)
        self.shape = self.house.open()
        self.examples = 0

    async def live(self, history: list[tuple[str, int, bool]]) -> None:
        world = World(self.shape, self.clock)
        self.examples += 1
        await world.begin(self.examples)
        await world.read(2)
        for name, which, looks in history:
            await STEPS[name](world, which)
            if looks:
                await world.read(which)
        await world.read(2)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    runner = Runner(tmp_path_factory.mktemp("cached"))
    yield runner
    runner.loop.run(runner.house.close())
    runner.loop.close()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories)
def test_what_is_read_through_the_caches_is_what_is_read_without(
    runner: Runner, history: list[tuple[str, int, bool]]
) -> None:
    runner.loop.run(runner.live(history))


class Silence:
    """An access log that nobody reads."""

    def tell(self, answered: object) -> None:
        pass


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    house = House("embedded", tmp_path, TickingClock())
    yield build_services(house.open())
    await house.close()


@pytest.mark.anyio
async def test_both_doors_answer_alike(services: Services) -> None:
    edge = build_edge(services, "", Silence())
    grant = await services.people.register(NewPerson("reader", PASSWORD))
    transport = httpx.ASGITransport(app=edge)
    me = {"Authorization": f"Bearer {grant.access_token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://here", headers=me) as http:
        for query in ("", "?limit=20", "?cursor=&order=ranked", "?limit=7"):
            slow = await http.get(f"/api/v1/feed{query}")
            quick = await http.get(f"/api/v1/feed{query}")
            assert quick.headers["x-feed-source"] == "cache"
            assert quick.content == slow.content
            own = {"x-feed-source", "x-request-id"}
            assert {k: v for k, v in quick.headers.items() if k not in own} == {
                k: v for k, v in slow.headers.items() if k not in own
            }
        for query in ("?limit=0", "?limit=101", "?limit=x", "?order=x"):
            refused = await http.get(f"/api/v1/feed{query}")
            assert refused.status_code == 422, query
        assert (await http.get("/api/v1/feed?cursor=x")).status_code == 400
        stranger = await http.get("/api/v1/feed", headers={"Authorization": "Bearer x"})
        assert stranger.status_code == 401


class Heard:
    """Passes changes on to the versions, and tells of them."""

    def __init__(self, versions: Versions, news: asyncio.Queue[Change]) -> None:
        self._versions = versions
        self._news = news

    def changed(self, change: Change) -> None:
        self._versions.changed(change)
        self._news.put_nowait(change)


@pytest.mark.anyio
async def test_what_another_process_did_is_heard_of(tmp_path: Path) -> None:
    """The worker's pushes reach the web process's lists by datagram."""
    house = House("embedded", tmp_path, TickingClock())
    web, worker = house.open("web"), house.open("worker")
    web.doorbell.open()
    services = build_services(web)
    reader = (await services.people.register(NewPerson("reader", PASSWORD))).user_id
    author = (await services.people.register(NewPerson("author", PASSWORD))).user_id
    await services.follow.follow(reader, author)
    await make_page(services, reader, "", 20, Order.RANKED)
    assert ready_page(services, reader, 20) is not None
    news: asyncio.Queue[Change] = asyncio.Queue()
    web.doorbell.witness = Heard(web.versions, news)
    post = await publish(worker, (await start(worker, new_post(worker, author))).post_id)
    entry = Candidate(post.published_id or 0, post.post_id, author)
    await worker.timelines.push([Push(reader, entry)])
    while reader not in (await news.get()).readers:
        continue
    assert ready_page(services, reader, 20) is None
    page, _ = await make_page(services, reader, "", 20, Order.RANKED)
    assert str(post.post_id).encode() in page
    await house.close()
