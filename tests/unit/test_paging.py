"""Opaque cursors."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.feed.snapshot import (
    ChronologicalCursor,
    FeedCursor,
    RankedCursor,
    fingerprints,
    without,
)
from calotype.kernel.errors import Malformed
from calotype.kernel.ids import MAX_ID
from calotype.kernel.paging import MAX_CURSOR_CHARS, Before, decode_cursor, encode_cursor
from calotype.ranking.ranker import Candidate

positions = st.integers(0, MAX_ID)


@given(positions)
def test_a_cursor_comes_back_as_it_was(id_: int) -> None:
    text = encode_cursor(Before(id_))
    assert decode_cursor(text, Before) == Before(id_)
    assert text.isascii()
    assert "=" not in text


@given(positions, st.text(max_size=20), st.integers(0, 500), st.binary(max_size=60), positions)
def test_feed_cursors_keep_their_kind(
    watermark: int, name: str, offset: int, served: bytes, floor: int
) -> None:
    for cursor in (
        RankedCursor(watermark, name, offset, served, floor),
        ChronologicalCursor(watermark, served),
    ):
        assert decode_cursor(encode_cursor(cursor), FeedCursor) == cursor


def raw(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(value)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "é",
        "AAAA",
        "....",
        raw([]),
        raw(["one"]),
        raw({"id": 1}),
        raw([-1]),
        raw([MAX_ID + 1]),
        "A" * (MAX_CURSOR_CHARS + 1),
    ],
)
def test_what_is_no_cursor_of_the_list_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode_cursor(text, Before)
    assert caught.value.details == {"field": "cursor"}


@pytest.mark.parametrize(
    "value",
    [["r", -1], ["r", MAX_ID + 1], ["r", 1, "", -1], ["c", -1], ["c", MAX_ID + 1], ["x", 1], [1]],
)
def test_forged_positions_do_not_reach_the_stores(value: list[object]) -> None:
    with pytest.raises(Malformed):
        decode_cursor(raw(value), FeedCursor)


@given(st.text(max_size=80))
def test_whatever_comes_as_a_cursor_is_one_or_is_malformed(text: str) -> None:
    try:
        cursor = decode_cursor(text, FeedCursor)
    except Malformed:
        return
    assert isinstance(cursor, RankedCursor | ChronologicalCursor)


def test_the_longest_cursor_of_a_ranked_feed_fits() -> None:
    served = b""
    for start in range(0, 2_000, 100):
        served = fingerprints(range(start, start + 100), served)
    longest = RankedCursor(MAX_ID, "x" * 12, 10**9, served, MAX_ID)
    text = encode_cursor(longest)
    assert len(text) <= MAX_CURSOR_CHARS
    assert decode_cursor(text, FeedCursor) == longest
    assert without([Candidate(1, 1_999, 1), Candidate(1, 5_000, 1)], served) == [
        Candidate(1, 5_000, 1)
    ]
