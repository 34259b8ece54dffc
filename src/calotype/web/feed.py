"""The feed."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter
from msgspec import UNSET

from calotype.accounts.account import Identity
from calotype.feed.read import Order
from calotype.web.problems import refusals
from calotype.web.services import Services
from calotype.web.views import FeedView, show_posts

_CURSOR = Parameter(default="", description="nextCursor of the page before; empty: the first.")
_LIMIT = Parameter(default=20, description="1 to 100")


@get("/feed", responses=refusals(401), operation_id="readFeed")
async def read_feed(
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    cursor: str = _CURSOR,
    limit: int = _LIMIT,
    order: FromQuery[Order] = Order.RANKED,
) -> FeedView:
    """What the people one follows have published, and one's own posts."""
    if not cursor:
        await services.welcome.welcome(me.user_id)
    page = await services.feed.read(me.user_id, cursor or None, limit, order)
    posts = await show_posts(services, list(page.items), me.user_id)
    return FeedView(posts, page.next_cursor or UNSET)


HANDLERS = [read_feed]
