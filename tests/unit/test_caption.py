"""Captions: rules, #hashtags, @mentions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.kernel.errors import Invalid
from calotype.posts.caption import (
    MAX_CAPTION,
    MAX_TAG,
    MAX_TAGS,
    checked_caption,
    mentions_of,
    tags_of,
)


@pytest.mark.parametrize(
    ("caption", "tags"),
    [
        ("", ()),
        ("#one two #three", ("one", "three")),
        ("#Été und #München_24, #東京!", ("été", "münchen_24", "東京")),
        ("#one#two", ("one",)),
        ("a#b &#39; http://x/#top", ()),
        ("#1 #2024 #24h", ("24h",)),
        ("#Same #same #SAME", ("same",)),
        ("(#brackets) '#quotes'.", ("brackets", "quotes")),
        ("# alone ##", ()),
        ("#हिन्दी #ภาษาไทย हि#x", ("हिन्दी", "ภาษาไทย")),
        ("#\ufe0f\u20e3 #1\ufe0f\u20e3", ()),
    ],
)
def test_hashtags_are_found_where_a_word_could_start(caption: str, tags: tuple[str, ...]) -> None:
    assert tags_of(caption, ()) == tags


def test_tags_given_apart_join_those_of_the_caption_each_once() -> None:
    assert tags_of("#b #a", [" A ", "#C", "", "#", "c"]) == ("b", "a", "c")


@pytest.mark.parametrize("tag", ["two words", "a-b", "123", "#a#b", "a,b", "##a", "\u0301a"])
def test_a_given_tag_that_is_not_one_word_is_refused(tag: str) -> None:
    with pytest.raises(Invalid) as caught:
        tags_of("", [tag])
    assert caught.value.details == {"field": "tags"}


def test_there_are_thirty_tags_at_most() -> None:
    many = [f"t{number}" for number in range(MAX_TAGS)]
    assert len(tags_of("", many)) == MAX_TAGS
    assert len(tags_of("#t1 #t2", many)) == MAX_TAGS
    with pytest.raises(Invalid):
        tags_of("#more", many)


@pytest.mark.parametrize(
    ("caption", "names"),
    [
        ("@ada and @Bob.", ("ada", "Bob")),
        ("@ada @ADA", ("ada",)),
        ("mail ada@home.example", ()),
        ("@a.b.c. (@d_e)", ("a.b.c", "d_e")),
        ("@", ()),
        ("http://x/@ada @@ada", ()),
        ("@" + "a" * 30, ("a" * 30,)),
        ("@" + "a" * 31, ()),
    ],
)
def test_mentions_are_usernames_where_a_word_could_start(
    caption: str, names: tuple[str, ...]
) -> None:
    assert mentions_of(caption) == names


def test_a_caption_is_trimmed_and_composed() -> None:
    assert checked_caption("  e\u0301te\u0301\n") == "\u00e9t\u00e9"
    assert checked_caption("two\nlines\tand\r\nmore") == "two\nlines\tand\r\nmore"


def test_a_caption_has_2200_characters_at_most_as_people_count_them() -> None:
    assert len(checked_caption("e\u0301" * MAX_CAPTION)) == MAX_CAPTION
    with pytest.raises(Invalid) as caught:
        checked_caption("x" * (MAX_CAPTION + 1))
    assert caught.value.details == {"field": "caption"}


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85"])
def test_control_characters_are_refused(char: str) -> None:
    with pytest.raises(Invalid):
        checked_caption(f"a{char}b")


@given(st.text(max_size=200))
def test_whatever_is_written_gives_clean_tags_and_names(text: str) -> None:
    try:
        caption = checked_caption(text)
        tags = tags_of(caption, ())
    except Invalid:
        return
    assert checked_caption(caption) == caption
    assert len(set(tags)) == len(tags)
    assert all(tag and len(tag) <= MAX_TAG and "#" not in tag for tag in tags)
    assert tags_of(" ".join(f"#{tag}" for tag in tags), ()) == tags
    assert all("@" not in name and len(name) <= 30 for name in mentions_of(caption))
