"""What a page costs: a number of statements that depends on nothing but the kind of page."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from calotype.accounts.create import NewPerson
from calotype.bootstrap import Embedded, build_services
from calotype.feed.read import Order
from calotype.kernel.paging import Page
from calotype.posts.lifecycle import Status
from calotype.posts.post import Post
from calotype.web.feed import make_page
from calotype.web.joined import find_heads
from calotype.web.services import Services
from calotype.web.views import PostView, show_posts
from tests.clocks import TickingClock
from tests.stores import House, graph_of, new_post, publish_many, start
from tests.working import work_off_events

pytestmark = pytest.mark.anyio

NO_ENGAGEMENT = b',"likes":0,"comments":0,"viewer":{"liked":false,"saved":false}}'

# own PROCESSING, timeline, own PUBLISHED, celebrities, follows, standings
WINDOW = 6
# affinity, early engagement
RANKING = WINDOW + 2
# posts, media, authors
FRAGMENTS = 3
# facts, counts
ENGAGEMENT = 2
FIRST_PAGE = RANKING + FRAGMENTS + ENGAGEMENT
FIRST_CHRONOLOGICAL_PAGE = WINDOW + FRAGMENTS + ENGAGEMENT
# follows, standings
LATER_RANKED_PAGE = 2 + FRAGMENTS + ENGAGEMENT
# timeline, own PUBLISHED, celebrities, follows, standings
LATER_CHRONOLOGICAL_PAGE = 5 + FRAGMENTS + ENGAGEMENT
# account, edge, two counts, whether the viewer follows, PUBLISHED, posts, media, author, facts,
# counts; a username is looked up first
PROFILE = {"id": 11, "username": 12}
# the newest, posts, media, authors, facts, counts
EXPLORE = 6
# one's follows, those among them and their accounts, the others and their accounts, counts, whether
# the viewer follows
PEOPLE = 7
# one's follows, theirs, the most followed, whom of them the viewer follows, accounts, counts
SUGGESTIONS = 6


class Counter:
    """Counts the statements of a shape's databases, transactions' beginnings and ends aside."""

    def __init__(self, shape: Embedded) -> None:
        self.statements: list[str] = []
        for database in (shape.core, shape.timeline_database):
            sa.event.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, _c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.split(maxsplit=1)[0] not in {"BEGIN", "COMMIT", "ROLLBACK", "PRAGMA"}:
            self.statements.append(statement)


@dataclass
class Place:
    """A reader, and what the pages of the HTTP edge cost."""

    shape: Embedded
    services: Services
    clock: TickingClock
    counter: Counter
    reader: int = 0

    async def register(self, username: str) -> int:
        grant = await self.services.people.register(NewPerson(username, "correct horse"))
        return grant.user_id

    async def follow_authors(self, number: int, posts: int) -> list[int]:
        authors = [await self.register(f"author{at}") for at in range(number)]
        for author in authors:
            await graph_of(self.shape).follow(self.reader, author)
        who = [authors[at % number] for at in range(posts)]
        await publish_many(self.shape, self.clock, who, [self.reader])
        return authors

    async def feed(self, order: Order, limit: int, cursor: str | None = None) -> "Shown":
        self.counter.statements.clear()
        page = await self.services.feed.read(self.reader, cursor, limit, order)
        heads = await find_heads(self.services, page.post_ids)
        await self.services.engagement.kept.of_page(self.reader, page.post_ids)
        posts = [_shown(heads[post_id]) for post_id in page.post_ids]
        return Shown(posts, page.next_cursor, len(self.counter.statements))

    def forget(self) -> None:
        """As a cache may at any moment."""
        self.services.feed.lists.forget_all()
        self.services.fragments.forget_all()
        self.services.engagement.kept.forget_all()

    async def profile(self, name: str, limit: int, cursor: str | None = None) -> "Shown":
        self.counter.statements.clear()
        return await self._show(
            (await self.services.profiles.read(self.reader, name, cursor, limit)).posts
        )

    async def _show(self, page: Page[Post]) -> "Shown":
        posts = await show_posts(self.services, list(page.items), self.reader)
        return Shown(posts, page.next_cursor, len(self.counter.statements))


def _shown(head: bytes) -> PostView:
    return msgspec.json.decode(head + NO_ENGAGEMENT, type=PostView)


@dataclass
class Shown:
    """A page as the client gets it, and its statements."""

    posts: list[PostView]
    next_cursor: str | None
    cost: int


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    clock = TickingClock()
    house = House("embedded", tmp_path, clock)
    shape = house.open()
    place = Place(shape, build_services(shape), clock, Counter(shape))
    place.reader = await place.register("reader")
    yield place
    await house.close()


SIZES = [(1, 2), (1, 60), (40, 60)]


@pytest.mark.parametrize(("authors", "posts"), SIZES)
@pytest.mark.parametrize(
    ("order", "first", "later"),
    [
        (Order.RANKED, FIRST_PAGE, LATER_RANKED_PAGE),
        (Order.CHRONOLOGICAL, FIRST_CHRONOLOGICAL_PAGE, LATER_CHRONOLOGICAL_PAGE),
    ],
)
async def test_a_feed_page_costs_the_same_however_much_is_on_it(
    place: Place, authors: int, posts: int, order: Order, first: int, later: int
) -> None:
    await place.follow_authors(authors, posts)
    limit = posts // 2
    # What was liked a moment ago costs no more: it may not be counted yet.
    (newest,) = (await place.feed(order, 1)).posts
    await place.services.engagement.react.like(place.reader, int(newest.post_id), standing=True)
    place.forget()
    page = await place.feed(order, limit)
    assert (len(page.posts), page.cost) == (limit, first)
    place.services.fragments.forget_all()
    page = await place.feed(order, limit, page.next_cursor)
    assert (len(page.posts), page.cost) == (limit, later)


@pytest.mark.parametrize(("authors", "posts"), SIZES)
async def test_a_first_page_that_was_read_before_costs_nothing(
    place: Place, authors: int, posts: int
) -> None:
    await place.follow_authors(authors, posts)
    cold = await place.feed(Order.RANKED, posts)
    again = await place.feed(Order.RANKED, posts)
    assert (again.posts, again.cost) == (cold.posts, 0)


async def test_a_feed_that_changed_costs_its_ranking_and_no_fragment(place: Place) -> None:
    await place.follow_authors(4, 40)
    await place.feed(Order.RANKED, 20)
    place.services.feed.lists.forget_all()
    page = await place.feed(Order.RANKED, 20)
    assert (len(page.posts), page.cost) == (20, RANKING)


async def test_many_readers_of_one_cold_feed_cost_one_assembly(place: Place) -> None:
    await place.follow_authors(4, 40)
    place.forget()
    place.counter.statements.clear()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(1_000):
            tasks.create_task(make_page(place.services, place.reader, "", 20, Order.RANKED))
    assert len(place.counter.statements) == FIRST_PAGE


@pytest.mark.parametrize("processing", [1, 9])
async def test_own_posts_in_processing_cost_nothing_more(place: Place, processing: int) -> None:
    await place.follow_authors(2, 20)
    for _ in range(processing):
        await start(place.shape, new_post(place.shape, place.reader))
    page = await place.feed(Order.RANKED, 15)
    assert [post.status for post in page.posts].count(Status.PROCESSING) == processing
    assert page.cost == FIRST_PAGE


async def test_an_empty_feed_costs_no_more(place: Place) -> None:
    page = await place.feed(Order.RANKED, 20)
    assert (page.posts, page.next_cursor) == ([], None)
    assert page.cost <= FIRST_PAGE


@pytest.mark.parametrize("posts", [2, 60])
@pytest.mark.parametrize("name", ["id", "username"])
async def test_a_profile_page_costs_the_same_however_much_is_on_it(
    place: Place, posts: int, name: str
) -> None:
    (author,) = await place.follow_authors(1, posts)
    asked = str(author) if name == "id" else "@author0"
    limit = posts // 2
    page = await place.profile(asked, limit)
    assert (len(page.posts), page.cost) == (limit, PROFILE[name])
    page = await place.profile(asked, limit, page.next_cursor)
    assert (len(page.posts), page.cost) == (limit, PROFILE[name])


@pytest.mark.parametrize("authors", [2, 30])
async def test_discovery_costs_the_same_however_many_there_are(place: Place, authors: int) -> None:
    services, reader = place.services, place.reader
    followed = await place.follow_authors(authors, authors * 2)
    for at in range(authors):
        await graph_of(place.shape).follow(followed[0], await place.register(f"autumn{at}"))
    await work_off_events(place.shape)
    place.counter.statements.clear()
    shown = await place._show(await services.discovery.explore.read(reader, None, authors))
    assert (len(shown.posts), shown.cost) == (authors, EXPLORE)
    place.counter.statements.clear()
    found = await services.discovery.find.find(reader, "aut", None, 50)
    assert len(found.items) == min(50, 2 * authors)
    assert len(place.counter.statements) == PEOPLE
    place.counter.statements.clear()
    assert len(await services.discovery.suggest.suggest(reader, authors)) == authors
    assert len(place.counter.statements) == SUGGESTIONS
