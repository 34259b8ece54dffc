"""Opaque cursors and pages.

A cursor is MessagePack in unpadded base64url. It carries positions, never permissions: whoever
forges one reads only what they could have read anyway.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from calotype.kernel.errors import Malformed
from calotype.kernel.ids import MAX_ID

T = TypeVar("T")

MAX_CURSOR_CHARS = 4096

# An id in a cursor; engines hold no more than 63 bits, and a forged one must not reach them.
Position = Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Items in order, and the cursor of what follows; no cursor at the end of the list."""

    items: Sequence[T]
    next_cursor: str | None = None


class Before(msgspec.Struct, frozen=True, array_like=True):
    """The cursor of a list that falls by id: what comes next lies strictly below `id`."""

    id: Position


def encode_cursor(position: msgspec.Struct) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(position)).rstrip(b"=").decode()


def decode_cursor(text: str, kind: Any) -> Any:
    """Read a cursor of a `kind` (a Struct or a union of tagged ones) that `encode_cursor` made.

    Raises:
        Malformed: it is longer than 4,096 characters, or not a cursor of this list.
    """
    try:
        if len(text) > MAX_CURSOR_CHARS:
            raise ValueError("too long")
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.msgpack.decode(raw, type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise Malformed(
            "this cursor does not belong to this list; start again without it", field="cursor"
        ) from error
