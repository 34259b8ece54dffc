"""A multipart/form-data body as parts whose content is pulled as it arrives.

Nothing is kept: whoever does not pull, stops the client. What the parser holds back is shorter
than one chunk.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeAlias

import msgspec
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from calotype.kernel.errors import Invalid, Malformed, TooLarge, Unsupported
from calotype.uploads.settings import UploadSettings

_MAX_BOUNDARY = 200  # RFC 2046 allows 70
_MAX_HEADERS = 8
_MAX_HEADER_BYTES = 4096
# Boundaries, part headers and what stands before and after the parts.
_FRAMING_BYTES = 1024 * 1024

Event: TypeAlias = MultipartSegment | bytes | None


class Part(msgspec.Struct, frozen=True):
    """One field of the form. `content` must be read before the next part is asked for."""

    name: str
    filename: str | None
    content: AsyncGenerator[bytes, None]


async def read_form(
    body: AsyncIterator[bytes], content_type: str, limits: UploadSettings
) -> AsyncGenerator[Part, None]:
    """The parts of a form, in order.

    Raises:
        Unsupported: the content type is not multipart/form-data.
        Malformed: the body is no such form, or stops before its end.
        TooLarge: the whole is larger than all files and texts may be together.
        Invalid: too many parts, or part headers that are too long.
    """
    boundary = _boundary(content_type)
    async with aclosing(_events(body, boundary, limits)) as events:
        async for event in events:
            if isinstance(event, MultipartSegment):
                async with aclosing(_content(events)) as content:
                    yield Part(event.name or "", event.filename, content)


async def _content(events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    async for event in events:
        if not isinstance(event, bytes):
            return
        yield event


async def _events(
    body: AsyncIterator[bytes], boundary: str, limits: UploadSettings
) -> AsyncGenerator[Event, None]:
    parser = PushMultipartParser(
        boundary,
        max_header_size=_MAX_HEADER_BYTES,
        max_header_count=_MAX_HEADERS,
        max_segment_count=limits.max_parts,
    )
    most = limits.max_files * limits.max_file_bytes + limits.max_text_bytes + _FRAMING_BYTES
    received = 0
    try:
        async for chunk in body:
            received += len(chunk)
            if received > most:
                raise TooLarge(f"a request may have {most} bytes in all; send less", limit=most)
            if chunk:  # an empty one would mean the end to the parser
                for event in parser.parse(chunk):
                    yield event
        parser.close()
    except ParserLimitReached as error:
        raise Invalid(
            f"a form may have {limits.max_parts} parts, each with {_MAX_HEADERS} header lines "
            f"of {_MAX_HEADER_BYTES} bytes",
        ) from error
    except MultipartError as error:
        raise Malformed(f"the form cannot be read: {error}; send it again") from error


def _boundary(content_type: str) -> str:
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data":
        raise Unsupported(f"expected multipart/form-data, got {kind[:100] or 'no content type'}")
    boundary = str(options.get("boundary", ""))
    if not 0 < len(boundary) <= _MAX_BOUNDARY:
        raise Malformed(
            "the content type of a form must name its boundary; let your HTTP client set it"
        )
    return boundary
