"""Conditional and range requests (RFC 9110, sections 13 and 14) on one file."""

import re
from dataclasses import dataclass

from calotype.kernel.errors import OutOfRange

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
# Of more than 18 digits no file has a byte: such a header is none.
_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """The bytes from `start` to `end` (exclusive) of `size`."""

    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def is_fresh(if_none_match: str | None, etag: str) -> bool:
    """Whether what the client holds is what it would be sent: by weak comparison, `*` is any."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)


def span_of(range_: str | None, if_range: str | None, etag: str, size: int) -> Span | None:
    """What part of a file of `size` bytes is asked for; None: the whole.

    A header that is no single range of bytes is ignored, as is any whose If-Range does not name
    this very file; a date never does, since no Last-Modified is sent.

    Raises:
        OutOfRange: no byte of the file lies in the range.
    """
    if range_ is None or (if_range is not None and if_range.strip() != etag):
        return None
    match = _RANGE.fullmatch(range_.strip())
    if match is None:
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None:
        return None if last is None else _suffix(last, size)
    if last is not None and last < first:
        return None
    if first >= size:
        raise _out_of_range(size)
    return Span(first, size if last is None else min(last + 1, size), size)


def _suffix(length: int, size: int) -> Span:
    if not length or not size:
        raise _out_of_range(size)
    return Span(max(0, size - length), size, size)


def _out_of_range(size: int) -> OutOfRange:
    return OutOfRange(f"the file has {size} bytes; ask for some of them", size=size)
