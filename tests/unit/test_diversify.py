"""Never more than three of one author in a row while another is at hand."""

from hypothesis import given
from hypothesis import strategies as st

from calotype.feed.diversify import LONGEST_RUN, diversify
from calotype.ranking.ranker import Candidate


def ranked(authors: str) -> list[Candidate]:
    return [Candidate(1_000 - at, at, ord(author)) for at, author in enumerate(authors)]


def authors(feed: list[Candidate]) -> str:
    return "".join(chr(each.author_id) for each in feed)


def test_a_fourth_waits_until_someone_else_came_between() -> None:
    assert authors(diversify(ranked("aaaaab"))) == "aaabaa"
    assert authors(diversify(ranked("aaaabbbb"))) == "aaababbb"
    assert authors(diversify(ranked("aaaaaaa"))) == "aaaaaaa"
    assert authors(diversify(ranked("abababab"))) == "abababab"
    assert diversify([]) == []


@given(st.text("abc", max_size=40).map(ranked))
def test_the_promise_holds_and_nothing_is_lost(feed: list[Candidate]) -> None:
    shown = diversify(feed)
    assert sorted(shown, key=lambda each: each.post_id) == feed
    names = authors(shown)
    for at in range(LONGEST_RUN, len(names)):
        if len(set(names[at - LONGEST_RUN : at + 1])) == 1:
            assert len(set(names[at:])) == 1
    for author in set(names):
        own = [each.post_id for each in shown if each.author_id == ord(author)]
        assert own == sorted(own), "an author's posts keep their order"


@given(st.text("abc", max_size=40).map(ranked))
def test_a_feed_without_long_runs_stays_as_it_is(feed: list[Candidate]) -> None:
    once = diversify(feed)
    if not any(author * (LONGEST_RUN + 1) in authors(feed) for author in "abc"):
        assert once == feed
    assert diversify(once) == once
