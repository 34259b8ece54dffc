"""Resumable uploads: tus 1.0.0 (https://tus.io/protocols/resumable-upload).

The core and the extensions creation, creation-with-upload, termination, expiration and checksum.
"""

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from email.utils import formatdate
from typing import Any

from litestar import Request, Router, delete, head, patch, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Response

from calotype.accounts.account import Identity
from calotype.kernel.errors import (
    CalotypeError,
    Gone,
    Invalid,
    Malformed,
    TooSlow,
    Unavailable,
    Unsupported,
    WrongVersion,
)
from calotype.kernel.ids import parse_id
from calotype.uploads.begin import Announced
from calotype.uploads.upload import Progress, Upload, UploadStatus
from calotype.web.bodies import answered_in_full
from calotype.web.problems import on_error, on_http_error
from calotype.web.services import Services
from calotype.web.uploads import announced_length

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
PIECE = "application/offset+octet-stream"
ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}

Asked = Request[Any, Any, Any]


class PieceDigest:
    """The Upload-Checksum of one request."""

    def __init__(self, algorithm: str, wanted: bytes) -> None:
        self._hash = ALGORITHMS[algorithm]()
        self._wanted = wanted

    def update(self, data: bytes | bytearray, /) -> None:
        self._hash.update(data)

    def agrees(self) -> bool:
        return hmac.compare_digest(self._hash.digest(), self._wanted)


@route(["/", "/{upload_id:str}"], http_method=[HttpMethod.OPTIONS], status_code=204)
async def capabilities(services: NamedDependency[Services]) -> Response[None]:
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(services.uploads.begin.limits.largest),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return _answer(204, headers)


@post("/", request_max_body_size=None)
async def create(
    request: Asked, me: NamedDependency[Identity], services: NamedDependency[Services]
) -> Response[None]:
    async with answered_in_full(request) as body:
        _check_version(request)
        upload = await services.uploads.begin.begin(me.user_id, _announced(request))
        headers = {"Location": f"/api/v1/uploads/tus/{upload.upload_id}"}
        progress = Progress(upload, 0)
        if request.headers.get("content-type") == PIECE:
            digest = _digest(request)
            progress = await services.uploads.take.append(
                me.user_id, upload.upload_id, 0, body, digest
            )
    return _answer(201, headers | _standing(progress))


@head("/{upload_id:str}")
async def look(
    request: Asked,
    upload_id: FromPath[str],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> Response[None]:
    _check_version(request)
    progress = await services.uploads.take.progress(me.user_id, parse_id(upload_id, "uploadId"))
    upload = progress.upload
    now_ms = services.uploads.take.clock.now_ms()
    is_over = upload.status == UploadStatus.OPEN and upload.expires_ms <= now_ms
    if is_over or upload.status in {UploadStatus.REFUSED, UploadStatus.EXPIRED}:
        raise Gone(upload.reason or "this upload's time is over; begin a new one")
    headers = {"Upload-Length": str(upload.size), "Cache-Control": "no-store"}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    return _answer(200, headers | _standing(progress))


@patch("/{upload_id:str}", request_max_body_size=None)
async def append(
    request: Asked,
    upload_id: FromPath[str],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> Response[None]:
    return await _append(request, services, me, upload_id)


@delete("/{upload_id:str}", status_code=204)
async def terminate(
    request: Asked,
    upload_id: FromPath[str],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> Response[None]:
    return await _terminate(request, services, me, upload_id)


@post("/{upload_id:str}", request_max_body_size=None)
async def overridden(
    request: Asked,
    upload_id: FromPath[str],
    me: NamedDependency[Identity],
    services: NamedDependency[Services],
) -> Response[None]:
    """For clients behind something that lets only GET and POST through."""
    match request.headers.get("x-http-method-override", "").upper():
        case "PATCH":
            return await _append(request, services, me, upload_id)
        case "DELETE":
            return await _terminate(request, services, me, upload_id)
        case _:
            raise Invalid("X-HTTP-Method-Override is PATCH or DELETE here")


async def _append(
    request: Asked, services: Services, me: Identity, upload_id: str
) -> Response[None]:
    async with answered_in_full(request) as body:
        _check_version(request)
        if request.headers.get("content-type") != PIECE:
            raise Unsupported(f"a piece has the content type {PIECE}")
        progress = await services.uploads.take.append(
            me.user_id,
            parse_id(upload_id, "uploadId"),
            _number(request, "Upload-Offset"),
            body,
            _digest(request),
            announced_length(request),
        )
    return _answer(204, _standing(progress))


async def _terminate(
    request: Asked, services: Services, me: Identity, upload_id: str
) -> Response[None]:
    _check_version(request)
    await services.uploads.abandon.abandon(me.user_id, parse_id(upload_id, "uploadId"))
    return _answer(204, {})


def _check_version(request: Asked) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise WrongVersion(f"send Tus-Resumable: {VERSION}; no other version is spoken here")


def _announced(request: Asked) -> Announced:
    if "upload-length" not in request.headers:
        raise Malformed("Upload-Length is needed: a length that is told later is not supported")
    metadata = request.headers.get("upload-metadata", "")
    told = _read_metadata(metadata)
    content_type = told.get("filetype", "") or told.get("type", "")
    return Announced(
        _number(request, "Upload-Length"), content_type, told.get("sha256", ""), metadata
    )


def _read_metadata(text: str) -> dict[str, str]:
    told: dict[str, str] = {}
    for pair in text.split(",") if text.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not key or not key.isascii() or key in told:
            raise Malformed("Upload-Metadata is a list of different keys with values in Base64")
        told[key] = _base64(value.strip(), "Upload-Metadata").decode(errors="replace")
    return told


def _digest(request: Asked) -> PieceDigest | None:
    text = request.headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise Malformed(f"Upload-Checksum is one of {', '.join(ALGORITHMS)} and its Base64")
    return PieceDigest(algorithm, _base64(value, "Upload-Checksum"))


def _base64(text: str, field: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        raise Malformed(f"{field} holds what is no Base64", field=field) from error


def _number(request: Asked, field: str) -> int:
    text = request.headers.get(field.lower(), "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Malformed(f"{field} is a number of bytes, 0 or more", field=field)
    return int(text)


def _standing(progress: Progress) -> dict[str, str]:
    upload: Upload = progress.upload
    return {
        "Upload-Offset": str(progress.offset),
        "Upload-Expires": formatdate(upload.expires_ms // 1000, usegmt=True),
    }


def _answer(status: int, headers: dict[str, str]) -> Response[None]:
    return Response(None, status_code=status, headers={"Tus-Resumable": VERSION, **headers})


def _on_error(request: Asked, error: CalotypeError) -> Response[Any]:
    if isinstance(error, TooSlow):
        return _on_pause(request, error)
    answer = on_error(request, error)
    answer.headers["Tus-Resumable"] = VERSION
    if isinstance(error, WrongVersion):
        answer.headers["Tus-Version"] = VERSION
    return answer


def _on_pause(request: Asked, error: TooSlow) -> Response[Any]:
    """tus-js-client gives up at a 408, and goes on after a 503."""
    answer = on_error(request, Unavailable(f"{error.message}; what came is kept", retry_after=1))
    answer.headers |= {"Tus-Resumable": VERSION, "Connection": "close"}
    return answer


def _on_http_error(request: Asked, error: HTTPException) -> Response[Any]:
    answer = on_http_error(request, error)
    answer.headers["Tus-Resumable"] = VERSION
    return answer


def build_router() -> Router:
    """The endpoint; its own protocol is its document, and it stays out of the API's."""
    return Router(
        "/uploads/tus",
        route_handlers=[capabilities, create, look, append, terminate, overridden],
        exception_handlers={CalotypeError: _on_error, HTTPException: _on_http_error},
        include_in_schema=False,
    )
