"""Discovery: people by name, people to follow, and what is new for everyone."""

from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Account, Identity
from calotype.discovery.suggest import Suggestion
from calotype.web.problems import refusals
from calotype.web.services import Services
from calotype.web.views import AuthorView, FeedView, show_author, show_avatar, show_posts


class FoundView(Struct, rename="camel"):
    user_id: str
    username: str
    name: str
    follower_count: int
    following: bool
    """Whether the one who asks follows this person."""
    avatar: str | UnsetType = UNSET


class FoundPeopleView(Struct, rename="camel"):
    people: list[FoundView]
    next_cursor: str | UnsetType = UNSET


class SuggestionView(FoundView, rename="camel", kw_only=True):
    reason: Literal["followed_by", "popular"]
    followed_by: list[AuthorView]
    """Up to 3 whom the one who asks follows, and who follow this person."""
    followed_by_count: int


class SuggestionsView(Struct, rename="camel"):
    people: list[SuggestionView]


@get("/people", responses=refusals(401), operation_id="findPeople")
async def find_people(
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    q: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 20,
) -> FoundPeopleView:
    """People whose username or a word of whose name begins so; those one follows come first.

    Case and accents make no difference. Of several words each must begin a word of the names.
    """
    page = await services.discovery.find.find(me.user_id, q, cursor or None, limit)
    return FoundPeopleView(
        [
            _found(services, each.account, each.followers, following=each.following)
            for each in page.items
        ],
        page.next_cursor or UNSET,
    )


@get("/people/suggested", responses=refusals(401), operation_id="suggestPeople")
async def suggest_people(
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    limit: FromQuery[int] = 20,
) -> SuggestionsView:
    """People to follow: whom one's follows follow, and then the most followed."""
    found = await services.discovery.suggest.suggest(me.user_id, limit)
    return SuggestionsView([_suggestion(services, each) for each in found])


@get("/explore", responses=refusals(401), operation_id="explore")
async def explore(
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 20,
) -> FeedView:
    """What anyone has published for everyone, newest first."""
    viewer_id = viewer.user_id if viewer else None
    page = await services.discovery.explore.read(viewer_id, cursor or None, limit)
    posts = await show_posts(services, list(page.items), viewer_id)
    return FeedView(posts, page.next_cursor or UNSET)


def _suggestion(services: Services, suggestion: Suggestion) -> SuggestionView:
    account = suggestion.account
    return SuggestionView(
        user_id=str(account.user_id),
        username=account.username,
        name=account.name,
        follower_count=suggestion.followers,
        following=False,
        avatar=show_avatar(services, account),
        reason="followed_by" if suggestion.followed_by_count else "popular",
        followed_by=[show_author(services, each) for each in suggestion.followed_by],
        followed_by_count=suggestion.followed_by_count,
    )


def _found(services: Services, account: Account, followers: int, *, following: bool) -> FoundView:
    return FoundView(
        user_id=str(account.user_id),
        username=account.username,
        name=account.name,
        follower_count=followers,
        following=following,
        avatar=show_avatar(services, account),
    )


HANDLERS = [find_people, suggest_people, explore]
