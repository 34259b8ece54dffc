"""People: profiles, followers, follow and unfollow."""

from collections.abc import Sequence

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, Parameter
from msgspec import UNSET

from calotype.accounts.account import Identity
from calotype.graph.store import Edge
from calotype.kernel.clock import to_datetime
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID, time_of
from calotype.kernel.paging import Before, decode_cursor, encode_cursor
from calotype.web.problems import refusals
from calotype.web.services import Services
from calotype.web.views import (
    FollowView,
    PeopleView,
    PersonView,
    ProfileView,
    show_avatar,
    show_posts,
)

MAX_LIMIT = 100
_USER = Parameter(description="A person's id, or @username.")


@get("/users/{user:str}/profile", responses=refusals(401, 404), operation_id="getProfile")
async def profile(
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],
    user: str = _USER,
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 20,
) -> ProfileView:
    """A person's page: counts, and the posts that the one who asks may see, newest first."""
    viewer_id = viewer.user_id if viewer else None
    page = await services.profiles.read(viewer_id, user, cursor or None, limit)
    if viewer_id is not None and not cursor:
        services.profile_visits.note(viewer_id, page.account.user_id)
    return ProfileView(
        user_id=str(page.account.user_id),
        username=page.account.username,
        name=page.account.name,
        bio=page.account.bio,
        post_count=page.post_count,
        follower_count=page.follow_counts.followers,
        following_count=page.follow_counts.following,
        following=page.following,
        posts=await show_posts(services, list(page.posts.items), viewer_id),
        avatar=show_avatar(services, page.account),
        next_cursor=page.posts.next_cursor or UNSET,
    )


@post(
    "/users/{user:str}/follow",
    status_code=200,
    responses=refusals(401, 404),
    operation_id="follow",
)
async def follow(
    services: NamedDependency[Services], me: NamedDependency[Identity], user: str = _USER
) -> FollowView:
    """Follow a person; repeating it changes nothing."""
    followee = await services.profiles.find(user)
    edge_id = await services.follow.follow(me.user_id, followee.user_id)
    return FollowView("FOLLOWING", to_datetime(time_of(edge_id)))


@delete(
    "/users/{user:str}/follow",
    status_code=200,
    responses=refusals(401, 404),
    operation_id="unfollow",
)
async def unfollow(
    services: NamedDependency[Services], me: NamedDependency[Identity], user: str = _USER
) -> FollowView:
    """Stop following a person; repeating it changes nothing."""
    followee = await services.profiles.find(user)
    await services.follow.unfollow(me.user_id, followee.user_id)
    return FollowView("UNFOLLOWED")


@get(
    "/users/{user:str}/followers",
    responses=refusals(401, 404),
    operation_id="listFollowers",
)
async def followers(
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],  # noqa: ARG001  (a bad token is refused here too)
    user: str = _USER,
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 50,
) -> PeopleView:
    """Who follows a person, newest first."""
    before = _before(cursor, limit)
    person = await services.profiles.find(user)
    edges = await services.graph.followers(person.user_id, before, limit + 1)
    return await _people(services, edges, limit)


@get(
    "/users/{user:str}/following",
    responses=refusals(401, 404),
    operation_id="listFollowing",
)
async def following(
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],  # noqa: ARG001  (a bad token is refused here too)
    user: str = _USER,
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 50,
) -> PeopleView:
    """Whom a person follows, newest first."""
    before = _before(cursor, limit)
    person = await services.profiles.find(user)
    edges = await services.graph.following(person.user_id, before, limit + 1)
    return await _people(services, edges, limit)


def _before(cursor: str, limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
    if not cursor:
        return MAX_ID
    position: Before = decode_cursor(cursor, Before)
    return position.id


async def _people(services: Services, edges: Sequence[Edge], limit: int) -> PeopleView:
    shown = edges[:limit]
    accounts = await services.people.accounts.by_ids(edge.user_id for edge in shown)
    return PeopleView(
        [
            PersonView(
                user_id=str(edge.user_id),
                username=accounts[edge.user_id].username,
                name=accounts[edge.user_id].name,
                avatar=show_avatar(services, accounts[edge.user_id]),
                since=to_datetime(time_of(edge.edge_id)),
            )
            for edge in shown
            if edge.user_id in accounts
        ],
        encode_cursor(Before(shown[-1].edge_id)) if len(edges) > limit else UNSET,
    )


HANDLERS = [profile, follow, unfollow, followers, following]
