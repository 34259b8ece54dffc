"""Me: one's own account, picture and password, and the way out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from litestar import Request, delete, get, patch, put
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Identity, Role
from calotype.accounts.edit import AccountChanges
from calotype.kernel.clock import to_datetime
from calotype.profiles.avatars import Avatar, AvatarStatus
from calotype.web.bodies import answered_in_full
from calotype.web.problems import refusals
from calotype.web.services import Services


class MyChanges(Struct, rename="camel", forbid_unknown_fields=True):
    """What to change; what is left out stays."""

    username: str | UnsetType = UNSET
    """The old one leads nowhere and is kept from others for 30 days; one may return to it."""
    email: str | UnsetType = UNSET
    """An empty one removes it."""
    name: str | UnsetType = UNSET
    bio: str | UnsetType = UNSET


class PasswordChange(Struct, rename="camel", forbid_unknown_fields=True):
    old: str
    new: str


class Farewell(Struct, rename="camel", forbid_unknown_fields=True):
    password: str


class PendingAvatarView(Struct, rename="camel"):
    """The last picture that was sent, while it is not shown."""

    status: Literal["PROCESSING", "FAILED"]
    reason: str | UnsetType = UNSET
    """Why it FAILED."""
    reason_code: str | UnsetType = UNSET


class MeView(Struct, rename="camel"):
    user_id: str
    username: str
    name: str
    bio: str
    role: Role
    created: datetime
    avatar_urls: dict[str, str]
    """By rendition name: w150, w320, w640; empty without a picture."""
    email: str | UnsetType = UNSET
    avatar: str | UnsetType = UNSET
    """The URL of the picture 150 pixels wide."""
    pending_avatar: PendingAvatarView | UnsetType = UNSET


@dataclass
class AvatarOperation(Operation):
    """Describes the multipart form, which is read as a stream and not by the framework."""

    def __post_init__(self) -> None:
        photo = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream")
        form = Schema(
            type=OpenAPIType.OBJECT, required=["mediaFile"], properties={"mediaFile": photo}
        )
        content = {"multipart/form-data": OpenAPIMediaType(schema=form)}
        self.request_body = RequestBody(content=content, required=True)


@get("/users/me", responses=refusals(401, 404), operation_id="getMe")
async def me_view(me: NamedDependency[Identity], services: NamedDependency[Services]) -> MeView:
    """One's own account."""
    return await _show(services, me.user_id)


@patch("/users/me", responses=refusals(401, 404, 409), operation_id="editMe")
async def edit_me(
    data: JSONBody[MyChanges], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> MeView:
    """Change one's names, address or bio; all that is given, or nothing."""
    changes = AccountChanges(
        username=None if data.username is UNSET else data.username,
        email=None if data.email is UNSET else data.email,
        name=None if data.name is UNSET else data.name,
        bio=None if data.bio is UNSET else data.bio,
    )
    await services.people.edit(me.user_id, changes)
    return await _show(services, me.user_id)


@delete("/users/me", responses=refusals(401), operation_id="deleteMe")
async def delete_me(
    data: JSONBody[Farewell], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> None:
    """Delete one's account with everything in it, for good.

    It is unusable and out of sight at once; its files and rows are removed within moments.
    """
    # What is gathered of them is kept now, or it would be after everything was forgotten.
    await services.flush()
    await services.leave.leave(me, data.password)


@put("/users/me/password", status_code=204, responses=refusals(401), operation_id="changePassword")
async def change_password(
    data: JSONBody[PasswordChange],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> None:
    """Change one's password; every other session ends, this one goes on."""
    await services.people.change_password(me, data.old, data.new)


@put(
    "/users/me/avatar",
    status_code=202,
    operation_class=AvatarOperation,
    operation_id="replaceAvatar",
    request_max_body_size=None,  # uploads/receive.py has limits of its own, for each part
    responses=refusals(401, 404, 408, 413, 415, 507),
)
async def replace_avatar(
    request: Request[Any, Any, Any],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> MeView:
    """Send a photo to be shown with; the one before it is shown until it is processed."""
    async with answered_in_full(request) as body:
        await services.change_avatar.replace(
            me.user_id, body, request.headers.get("content-type", "")
        )
    return await _show(services, me.user_id)


@delete("/users/me/avatar", responses=refusals(401), operation_id="removeAvatar")
async def remove_avatar(me: NamedDependency[Identity], services: NamedDependency[Services]) -> None:
    """Be shown without a picture; repeating it changes nothing."""
    await services.change_avatar.remove(me.user_id)


@get("/users/me/export", responses=refusals(401, 404), operation_id="exportMe")
async def export_me(me: NamedDependency[Identity], services: NamedDependency[Services]) -> Stream:
    """Everything of one's own as a zip file, which is made as it is sent.

    profile.json, posts.json, following.json, followers.json, and media/ as they were sent.
    """
    archive = await services.take_along.archive(me.user_id)
    headers = {
        "Content-Disposition": 'attachment; filename="calotype.zip"',
        "Cache-Control": "no-store",
    }
    return Stream(archive, media_type="application/zip", headers=headers)


async def _show(services: Services, user_id: int) -> MeView:
    # In this order: a picture that was seen to be ready must be found on the account.
    avatars = await services.avatars.of_person(user_id)
    account = await services.people.accounts.by_id(user_id)
    urls = services.urls.of_avatar(account.avatar_id) if account.avatar_id is not None else {}
    return MeView(
        user_id=str(account.user_id),
        username=account.username,
        name=account.name,
        bio=account.bio,
        role=account.role,
        created=to_datetime(account.created_ms),
        avatar_urls=urls,
        email=account.email or UNSET,
        avatar=urls.get("w150", UNSET),
        pending_avatar=_pending(avatars),
    )


def _pending(avatars: list[Avatar]) -> PendingAvatarView | UnsetType:
    match avatars[-1:]:
        case [Avatar(status=AvatarStatus.WAITING)]:
            return PendingAvatarView("PROCESSING")
        case [Avatar(status=AvatarStatus.FAILED, reason=reason, reason_code=code)]:
            return PendingAvatarView("FAILED", reason, code or UNSET)
        case _:
            return UNSET


HANDLERS = [me_view, edit_me, delete_me, change_password, replace_avatar, remove_avatar, export_me]
