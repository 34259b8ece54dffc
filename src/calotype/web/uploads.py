"""Uploads apart from posts: ask for a signed URL, send one file to it, look, and delete."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Response
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Identity
from calotype.kernel.clock import to_datetime
from calotype.kernel.errors import Malformed
from calotype.kernel.ids import parse_id
from calotype.uploads.begin import Announced
from calotype.uploads.upload import Progress, Upload, UploadStatus
from calotype.web.bodies import answered_in_full
from calotype.web.problems import refusals
from calotype.web.services import Services


class NewUpload(Struct, rename="camel", forbid_unknown_fields=True):
    """The file that will come."""

    bytes: int
    content_type: str = ""
    sha256: str = ""
    """In hexadecimal; if given, a file with another is refused."""


class TargetView(Struct, rename="camel"):
    """The request to make with the file as its body; no Authorization is needed."""

    upload_id: str
    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class UploadView(Struct, rename="camel"):
    upload_id: str
    status: UploadStatus
    bytes: int
    offset: int
    """How many of them are here, durably."""
    expires_at: datetime
    sha256: str | UnsetType = UNSET
    content_type: str | UnsetType = UNSET
    """What the file was found to be."""
    reason: str | UnsetType = UNSET
    """Why it was REFUSED, or EXPIRED."""
    post_id: str | UnsetType = UNSET
    """The post that uses it."""


@dataclass
class SendOperation(Operation):
    """Describes the body, which is read as a stream and not by the framework."""

    def __post_init__(self) -> None:
        file = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream")
        content = {"application/octet-stream": OpenAPIMediaType(schema=file)}
        self.request_body = RequestBody(content=content, required=True)


@post("/uploads", responses=refusals(401, 404, 413, 415, 507), operation_id="createUpload")
async def create_upload(
    data: JSONBody[NewUpload], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> Response[TargetView]:
    """Ask for a place to send one file to, before the post that will use it."""
    announced = Announced(data.bytes, data.content_type, data.sha256)
    upload = await services.uploads.begin.begin(me.user_id, announced)
    target = services.uploads.target.sign(upload, data.content_type)
    view = TargetView(
        upload_id=str(upload.upload_id),
        method=target.method,
        url=target.url,
        headers=target.headers,
        expires_at=to_datetime(target.expires_ms),
    )
    location = f"/api/v1/uploads/{upload.upload_id}"
    return Response(view, status_code=201, headers={"Location": location})


@get("/uploads/{upload_id:str}", responses=refusals(401, 404), operation_id="getUpload")
async def read_upload(
    upload_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> UploadView:
    """How one's own upload stands, direct or resumable."""
    id_ = parse_id(upload_id, "uploadId")
    return _show(await services.uploads.take.progress(me.user_id, id_))


@delete("/uploads/{upload_id:str}", responses=refusals(401, 404, 409), operation_id="deleteUpload")
async def delete_upload(
    upload_id: FromPath[str], me: NamedDependency[Identity], services: NamedDependency[Services]
) -> None:
    """Delete one's own upload that no post uses."""
    await services.uploads.abandon.abandon(me.user_id, parse_id(upload_id, "uploadId"))


@put(
    "/uploads/{upload_id:str}/content",
    operation_class=SendOperation,
    operation_id="sendUpload",
    request_max_body_size=None,  # bounded by what was announced
    responses=refusals(403, 404, 409, 410, 413, 415, 423, 507),
)
async def send_upload(
    request: Request[Any, Any, Any],
    upload_id: FromPath[str],
    services: NamedDependency[Services],
    expires: FromQuery[int] = 0,
    signature: FromQuery[str] = "",
) -> UploadView:
    """Send the whole file to a signed URL; after a broken connection, send it again from the start."""
    async with answered_in_full(request) as body:
        id_ = parse_id(upload_id, "uploadId")
        services.uploads.target.check(id_, expires, signature)
        upload = await services.uploads.take.replace(id_, body, announced_length(request))
    return _show(Progress(upload, upload.size))


def announced_length(request: Request[Any, Any, Any]) -> int | None:
    """The body's length in bytes as its header says; None if it comes in chunks."""
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Malformed("Content-Length is a number of bytes", field="Content-Length")
    return int(text)


def _show(progress: Progress) -> UploadView:
    upload: Upload = progress.upload
    return UploadView(
        upload_id=str(upload.upload_id),
        status=upload.status,
        bytes=upload.size,
        offset=progress.offset,
        expires_at=to_datetime(upload.expires_ms),
        sha256=upload.sha256 or UNSET,
        content_type=upload.content_type or UNSET,
        reason=upload.reason or UNSET,
        post_id=UNSET if upload.post_id is None else str(upload.post_id),
    )


HANDLERS = [create_upload, read_upload, delete_upload]
