"""Likes and saves: give them, take them back, list them."""

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Identity
from calotype.engagement.mark import Kind, Liker
from calotype.kernel.clock import to_datetime
from calotype.kernel.ids import parse_id, time_of
from calotype.kernel.paging import Page
from calotype.web.problems import refusals
from calotype.web.services import Services
from calotype.web.views import FeedView, PeopleView, PersonView, show_avatar, show_posts


class LikedView(Struct, rename="camel"):
    liked: bool
    likes: int
    """With one's own; other people's of the last moment may be missing."""


class SavedView(Struct, rename="camel"):
    saved: bool


@post(
    "/posts/{post_id:str}/like",
    status_code=200,
    responses=refusals(401, 404),
    operation_id="likePost",
)
async def like_post(
    post_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> LikedView:
    """Like a post; repeating it changes nothing."""
    return await _like(services, me, post_id, standing=True)


@delete(
    "/posts/{post_id:str}/like",
    status_code=200,
    responses=refusals(401, 404),
    operation_id="unlikePost",
)
async def unlike_post(
    post_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> LikedView:
    """Take a like back; repeating it changes nothing."""
    return await _like(services, me, post_id, standing=False)


@post(
    "/posts/{post_id:str}/save",
    status_code=200,
    responses=refusals(401, 404),
    operation_id="savePost",
)
async def save_post(
    post_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> SavedView:
    """Save a post, for oneself alone; repeating it changes nothing."""
    return await _save(services, me, post_id, standing=True)


@delete(
    "/posts/{post_id:str}/save",
    status_code=200,
    responses=refusals(401, 404),
    operation_id="unsavePost",
)
async def unsave_post(
    post_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> SavedView:
    """Save a post no longer; repeating it changes nothing."""
    return await _save(services, me, post_id, standing=False)


@get("/posts/{post_id:str}/likes", responses=refusals(401, 404), operation_id="listLikes")
async def likes(
    post_id: FromPath[str],
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 50,
) -> PeopleView:
    """Who likes a post, the last one first."""
    viewer_id = viewer.user_id if viewer else None
    page = await services.engagement.marks.likers(
        viewer_id, parse_id(post_id, "postId"), cursor or None, limit
    )
    return await _likers(services, page)


@get("/users/me/liked", responses=refusals(401), operation_id="listLiked")
async def liked(
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 20,
) -> FeedView:
    """Posts that one likes, the last liked first; a page may be short where posts have gone."""
    return await _marked(services, me, Kind.LIKE, cursor, limit)


@get("/users/me/saved", responses=refusals(401), operation_id="listSaved")
async def saved(
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 20,
) -> FeedView:
    """Posts that one has saved, the last saved first; a page may be short where posts have gone."""
    return await _marked(services, me, Kind.SAVE, cursor, limit)


async def _like(services: Services, me: Identity, post_id: str, *, standing: bool) -> LikedView:
    id_ = parse_id(post_id, "postId")
    async with services.engagement.turns:
        await services.engagement.react.like(me.user_id, id_, standing=standing)
        return await show_liked(services, me, id_)


async def _save(services: Services, me: Identity, post_id: str, *, standing: bool) -> SavedView:
    id_ = parse_id(post_id, "postId")
    async with services.engagement.turns:
        await services.engagement.react.save(me.user_id, id_, standing=standing)
    return SavedView(saved=standing)


async def show_liked(services: Services, me: Identity, subject_id: int) -> LikedView:
    """How the one who asks likes a post or a comment now, and how many do."""
    engagement = (await services.engagement.kept.of(me.user_id, [subject_id]))[subject_id]
    return LikedView(engagement.liked, engagement.likes)


async def _marked(
    services: Services, me: Identity, kind: Kind, cursor: str, limit: int
) -> FeedView:
    page = await services.engagement.marks.of_person(me.user_id, kind, cursor or None, limit)
    posts = await show_posts(services, list(page.items), me.user_id)
    return FeedView(posts, page.next_cursor or UNSET)


async def _likers(services: Services, page: Page[Liker]) -> PeopleView:
    accounts = await services.people.accounts.by_ids(liker.user_id for liker in page.items)
    people = [
        PersonView(
            user_id=str(liker.user_id),
            username=accounts[liker.user_id].username,
            name=accounts[liker.user_id].name,
            avatar=show_avatar(services, accounts[liker.user_id]),
            since=to_datetime(time_of(liker.mark_id)),
        )
        for liker in page.items
        if liker.user_id in accounts
    ]
    next_cursor: str | UnsetType = page.next_cursor or UNSET
    return PeopleView(people, next_cursor)


HANDLERS = [
    like_post,
    unlike_post,
    save_post,
    unsave_post,
    likes,
    liked,
    saved,
]
