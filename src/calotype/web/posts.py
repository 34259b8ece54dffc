"""Posts: create, read, edit, withdraw and restore, and what to do with one that failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, HeaderParameter, JSONBody, Parameter
from litestar.response import Response
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Identity
from calotype.kernel.errors import Invalid, NotFound
from calotype.kernel.ids import parse_id
from calotype.posts.edit import Edit
from calotype.posts.lifecycle import Status
from calotype.posts.post import Audience, Place
from calotype.posts.stages import RECEIVED
from calotype.web.bodies import answered_in_full, whole
from calotype.web.problems import refusals
from calotype.web.services import Services
from calotype.web.views import CreatedView, PostView, show_created, show_posts

MAX_BATCH = 100
_MEDIA = (
    "JSON list in the order of the photos: [{altText, turn, crop, filter, strength}], all of them "
    "optional. A photo is turned first (0, 90, 180 or 270 degrees clockwise), then cropped "
    '("original", "square", "4:5", "1.91:1", or {x, y, width, height} in shares, 0 to 1, of what '
    "the turn leaves), then filtered (a name of GET /filters, in a strength of 0 to 1)."
)
MAX_JSON_BYTES = 256 * 1024


class MediumChanges(Struct, rename="camel", forbid_unknown_fields=True):
    media_id: str
    alt_text: str


class PostChanges(Struct, rename="camel", forbid_unknown_fields=True):
    """What to change; what is left out stays."""

    caption: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    """Tags apart from the caption's hashtags; replaces all that were."""
    location: Place | UnsetType = UNSET
    """An empty object removes it."""
    audience: Audience | UnsetType = UNSET
    """Narrowing it ends the URLs of the media; those in the answer are the new ones."""
    media: list[MediumChanges] = []
    """Only those whose alt text changes."""


class StatusView(Struct, rename="camel"):
    post_id: str
    status: Status


class PostsView(Struct, rename="camel"):
    posts: list[PostView]


def _text(description: str) -> Schema:
    return Schema(type=OpenAPIType.STRING, description=description)


def _list(items: Schema, **options: Any) -> Schema:
    return Schema(type=OpenAPIType.ARRAY, items=items, **options)


def _from_uploads() -> Schema:
    medium = Schema(
        type=OpenAPIType.OBJECT,
        required=["uploadId"],
        properties={"uploadId": _text("An upload of one's own."), "altText": _text("")},
    )
    return Schema(
        type=OpenAPIType.OBJECT,
        required=["media"],
        properties={
            "media": _list(medium, min_items=1, max_items=10),
            "caption": _text("At most 2,200 characters, with #hashtags and @mentions."),
            "location": Schema(type=OpenAPIType.OBJECT),
            "tags": _list(Schema(type=OpenAPIType.STRING), max_items=30),
            "audience": Schema(type=OpenAPIType.STRING, enum=["everyone", "followers"]),
        },
    )


@dataclass
class CreateOperation(Operation):
    """Describes form and JSON, which are read as a stream and not by the framework."""

    def __post_init__(self) -> None:
        photo = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream")
        form = Schema(
            type=OpenAPIType.OBJECT,
            required=["mediaFile"],
            properties={
                "mediaFile": _list(photo, min_items=1, max_items=10),
                "caption": _text("At most 2,200 characters, with #hashtags and @mentions."),
                "location": _text("JSON: {name, latitude, longitude}"),
                "tags": _list(Schema(type=OpenAPIType.STRING), max_items=30),
                "audience": Schema(type=OpenAPIType.STRING, enum=["everyone", "followers"]),
                "media": _text(_MEDIA),
            },
        )
        content = {
            "multipart/form-data": OpenAPIMediaType(schema=form),
            "application/json": OpenAPIMediaType(schema=_from_uploads()),
        }
        self.request_body = RequestBody(content=content, required=True)


@post(
    "/posts",
    operation_class=CreateOperation,
    operation_id="createPost",
    request_max_body_size=None,  # uploads/receive.py has limits of its own, for each part
    responses=refusals(401, 404, 408, 409, 410, 413, 415, 507),
)
async def create_post(
    request: Request[Any, Any, Any],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key",
            description="Repeating a request with its key returns the post that it made.",
        ),
    ] = None,
) -> Response[CreatedView]:
    """Post 1 to 10 photos and videos, sent along or uploaded before.

    It is published once they are processed.
    A post may name uploads that are still on their way; it is UPLOADING until they are there.
    """
    content_type = request.headers.get("content-type", "")
    async with answered_in_full(request) as body:
        if content_type.partition(";")[0].strip().lower() == "application/json":
            text = await whole(body, MAX_JSON_BYTES)
            created = await services.posting.create_from_uploads.create(
                me.user_id, text, idempotency_key
            )
        else:
            created = await services.posting.create.create(
                me.user_id, body, content_type, idempotency_key
            )
    services.figures.stages.add(RECEIVED)
    view = show_created(services, created)
    return Response(view, status_code=201, headers={"Location": f"/api/v1/posts/{view.post_id}"})


@get("/posts", responses=refusals(401), operation_id="getPosts")
async def posts_by_ids(
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],
    ids: str = Parameter(description="Up to 100 post ids, separated by commas."),
) -> PostsView:
    """Those of the posts that the one who asks may see, in the order asked for."""
    wanted = [parse_id(text.strip(), "ids") for text in ids.split(",") if text.strip()]
    if not 1 <= len(wanted) <= MAX_BATCH:
        raise Invalid(f"ids holds 1 to {MAX_BATCH} ids", field="ids")
    return PostsView(await _show(services, viewer, wanted))


@get("/posts/{post_id:str}", responses=refusals(401, 404), operation_id="getPost")
async def read_post(
    post_id: FromPath[str],
    services: NamedDependency[Services],
    viewer: NamedDependency[Identity | None],
) -> PostView:
    """A post, with its state and, for its author, the reason if it failed."""
    shown = await _show(services, viewer, [parse_id(post_id, "postId")])
    if not shown:
        raise NotFound("there is no such post")
    return shown[0]


@patch("/posts/{post_id:str}", responses=refusals(401, 404, 409), operation_id="editPost")
async def edit_post(
    post_id: FromPath[str],
    data: JSONBody[PostChanges],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> PostView:
    """Edit one's own post, also while it is processed."""
    edit = Edit(
        caption=None if data.caption is UNSET else data.caption,
        tags=None if data.tags is UNSET else data.tags,
        place=None if data.location is UNSET else data.location,
        audience=None if data.audience is UNSET else data.audience,
        alt_texts={parse_id(each.media_id, "mediaId"): each.alt_text for each in data.media},
    )
    edited = await services.posting.edit.edit(me.user_id, parse_id(post_id, "postId"), edit)
    return (await show_posts(services, [edited], me.user_id))[0]


@delete(
    "/posts/{post_id:str}",
    status_code=200,
    responses=refusals(401, 404, 409),
    operation_id="withdrawPost",
)
async def withdraw_post(
    post_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> StatusView:
    """Cancel one's own post while it is processed, archive it once published, purge it if it failed."""
    id_ = parse_id(post_id, "postId")
    return StatusView(str(id_), await services.posting.withdraw.withdraw(me.user_id, id_))


@post(
    "/posts/{post_id:str}/restore",
    status_code=200,
    responses=refusals(401, 404, 409),
    operation_id="restorePost",
)
async def restore_post(
    post_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> StatusView:
    """Publish one's own archived post again, in the place that it had."""
    id_ = parse_id(post_id, "postId")
    return StatusView(str(id_), await services.posting.withdraw.restore(me.user_id, id_))


@post(
    "/posts/{post_id:str}/purge",
    status_code=200,
    responses=refusals(401, 404, 409),
    operation_id="purgePost",
)
async def purge_post(
    post_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> StatusView:
    """Give one's own archived, cancelled or failed post up for good; its files go soon after."""
    id_ = parse_id(post_id, "postId")
    return StatusView(str(id_), await services.posting.withdraw.purge(me.user_id, id_))


@post(
    "/posts/{post_id:str}/retry",
    status_code=200,
    responses=refusals(401, 404, 409),
    operation_id="retryPost",
)
async def retry_post(
    post_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> StatusView:
    """Try again to process one's own post that failed by no fault of its photos."""
    id_ = parse_id(post_id, "postId")
    return StatusView(str(id_), await services.posting.retry.retry(me.user_id, id_))


@delete(
    "/posts/{post_id:str}/media/{media_id:str}",
    status_code=200,
    responses=refusals(401, 404, 409),
    operation_id="dropMedium",
)
async def drop_medium(
    post_id: FromPath[str],
    media_id: FromPath[str],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> PostView:
    """Drop a photo of one's own post that failed or still waits, and publish the rest."""
    left = await services.posting.drop.drop(
        me.user_id, parse_id(post_id, "postId"), parse_id(media_id, "mediaId")
    )
    return (await show_posts(services, [left], me.user_id))[0]


async def _show(services: Services, viewer: Identity | None, ids: Sequence[int]) -> list[PostView]:
    found = await services.posts.by_ids(ids)
    posts = [found[id_] for id_ in ids if id_ in found]
    viewer_id = viewer.user_id if viewer else None
    visible = await services.audience.visible(viewer_id, posts)
    return await show_posts(services, visible, viewer_id)


HANDLERS = [
    create_post,
    posts_by_ids,
    read_post,
    edit_post,
    withdraw_post,
    restore_post,
    purge_post,
    retry_post,
    drop_medium,
]
