"""The feed, behind two doors: a quick one for pages that are at hand, and the framework's for all."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter
from litestar.response import Response
from msgspec import Struct

from calotype.accounts.account import Identity
from calotype.feed.page import Source
from calotype.feed.read import Order
from calotype.kernel.errors import Invalid
from calotype.web.joined import find_heads, join_page
from calotype.web.problems import refusals
from calotype.web.services import Services
from calotype.web.views import FeedView

_CURSOR = Parameter(
    default="",
    description="nextCursor of the page before; empty: the first. Or a time (RFC 3339): what was "
    "published before it, newest first.",
)
_LIMIT = Parameter(default=20, description="1 to 100")
_SINCE = Parameter(
    default="", description="nextCursor of a feed's first page, or a time (RFC 3339)."
)
SOURCE_HEADER = "X-Feed-Source"


class NewerView(Struct, rename="camel"):
    count: int
    """At most 100."""


@get("/feed", responses=refusals(401), operation_id="readFeed")
async def read_feed(
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    cursor: str = _CURSOR,
    limit: int = _LIMIT,
    order: FromQuery[Order] = Order.RANKED,
) -> Response[FeedView]:
    """What the people one follows have published, and one's own posts.

    The header X-Feed-Source says where the page comes from: cache or timeline.
    """
    if not cursor:
        await services.welcome.welcome(me.user_id)
    body, source = await make_page(services, me.user_id, cursor, limit, order)
    made: Response[Any] = Response(body, headers={SOURCE_HEADER: source})
    return made


@get("/feed/newer", responses=refusals(401), operation_id="countNewer")
async def count_newer(
    me: NamedDependency[Identity], services: NamedDependency[Services], since: str = _SINCE
) -> NewerView:
    """How many posts of others have come since a page was read: to offer a look at them."""
    if not since:
        raise Invalid("say since when: nextCursor of a page, or a time", field="since")
    return NewerView(await services.feed.newer(me.user_id, since))


def ready_page(services: Services, reader_id: int, limit: int) -> bytes | None:
    """The first page of the ranked feed if all of it is at hand; never waits."""
    if (joined := services.joined.get(reader_id, limit)) is not None:
        return joined
    page = services.feed.ready(reader_id, limit)
    if page is None:
        return None
    heads = services.fragments.all(page.post_ids)
    if heads is None:
        return None
    engagement = services.engagement.kept.known(reader_id, page.post_ids)
    if engagement is None:
        return None
    body = join_page(page.post_ids, heads, engagement, page.next_cursor)
    services.joined.keep(reader_id, limit, body)
    return body


async def make_page(
    services: Services, reader_id: int, cursor: str, limit: int, order: Order
) -> tuple[bytes, Source]:
    """Any page, and where it comes from.

    Raises:
        Invalid, Malformed: as ReadFeed.read.
    """
    if not cursor and order == Order.RANKED:
        ready = ready_page(services, reader_id, limit)
        if ready is not None:
            return ready, Source.CACHE
    page = await services.feed.read(reader_id, cursor or None, limit, order)
    heads = await find_heads(services, page.post_ids)
    shown = [post_id for post_id in page.post_ids if post_id in heads]
    engagement = await services.engagement.kept.of_page(reader_id, shown)
    body = join_page(shown, [heads[post_id] for post_id in shown], engagement, page.next_cursor)
    return body, page.source


HANDLERS = [read_feed, count_newer]
