"""Comments of the demo are made at moments of their own."""

from hypothesis import given
from hypothesis import strategies as st

from calotype.demo.engage import Moments

NOW_MS = 1_000


@given(st.lists(st.integers(0, 2 * NOW_MS), max_size=60))
def test_no_moment_is_given_twice_and_none_lies_ahead(wanted: list[int]) -> None:
    moments = Moments(NOW_MS)
    given_out = [moments.take(each) for each in wanted]
    assert len(set(given_out)) == len(given_out)
    assert all(at <= min(each, NOW_MS) for at, each in zip(given_out, wanted, strict=True))
