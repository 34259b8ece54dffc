"""What every PeopleIndex promises, and that no question of it reads a whole table."""

from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from calotype.accounts.account import Account
from calotype.bootstrap import Embedded
from calotype.discovery.people import FIRST, MAX_RANK, Entry, Indexed, rank_of
from calotype.discovery.words import asked_words, is_meant, prefixes_of, words_of
from calotype.kernel.ids import shard_of
from tests.stores import House

pytestmark = pytest.mark.anyio


async def put(shape: Embedded, user_id: int, rank: int, *prefixes: str) -> None:
    indexed = Indexed(frozenset(prefixes), rank)
    put = partial(shape.people_index.put, user_id=user_id, indexed=indexed)
    await shape.core.write(shard_of(user_id), put)


async def test_people_come_by_rank_and_the_newer_first_page_by_page(
    house: House, shape: Embedded
) -> None:
    ids = [shape.ids.new(shard) for shard in (9, 1, 4_000, 7, 2)]
    for user_id, rank in zip(ids, (3, 8, 3, 0, 8), strict=True):
        await put(shape, user_id, rank, "", "m")
    await put(shape, shape.ids.new(3), 50, "", "n")
    index = house.open("again").people_index
    expected = [Entry(8, ids[4]), Entry(8, ids[1]), Entry(3, ids[2]), Entry(3, ids[0])]
    assert await index.starting_with("m", FIRST, 10) == [*expected, Entry(0, ids[3])]
    assert await index.starting_with("m", FIRST, 4) == expected
    assert await index.starting_with("m", expected[1], 2) == expected[2:]
    assert len(await index.starting_with("", FIRST, 10)) == 6
    assert await index.starting_with("q", FIRST, 10) == []


async def test_among_some_people_the_order_is_the_same(shape: Embedded) -> None:
    ids = [shape.ids.new(shard) for shard in (9, 1, 4_000, 7)]
    for rank, user_id in enumerate(ids):
        await put(shape, user_id, rank, "m" if rank else "n")
    among = shape.people_index.among
    assert await among(ids[:3], "m", FIRST, 10) == [Entry(2, ids[2]), Entry(1, ids[1])]
    assert await among(ids[:3], "m", Entry(2, ids[2]), 10) == [Entry(1, ids[1])]
    assert await among(ids, "m", FIRST, 1) == [Entry(3, ids[3])]
    assert await among([], "m", FIRST, 10) == []


async def test_a_person_stands_as_they_were_put_last(house: House, shape: Embedded) -> None:
    one, other, absent = (shape.ids.new(shard) for shard in (9, 1, 2))
    await put(shape, one, 1, "a", "ad", "l")
    await put(shape, other, 4, "l")
    for _ in range(2):
        await put(shape, one, 2, "a", "b")
    index = house.open("again").people_index
    assert await index.indexed([one, other, absent]) == {
        one: Indexed(frozenset("ab"), 2),
        other: Indexed(frozenset("l"), 4),
    }
    assert await index.starting_with("l", FIRST, 10) == [Entry(4, other)]
    for _ in range(2):
        await index.forget(one)
    assert await index.indexed([one, other]) == {other: Indexed(frozenset("l"), 4)}
    assert await index.starting_with("a", FIRST, 10) == []


async def test_every_question_is_a_search(shape: Embedded) -> None:
    plans: list[str] = []

    def note(_c: object, cursor: Any, statement: str, values: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.extend(row[3] for row in plan)

    sa.event.listen(shape.core.engine, "before_cursor_execute", note)
    await shape.people_index.starting_with("m", Entry(3, 5), 10)
    await shape.people_index.among([1, 2], "m", Entry(3, 5), 10)
    await shape.people_index.indexed([1, 2])
    await shape.recent.newest_for_everyone(5, 10)
    await shape.graph.newest_followees([1, 2], 5)
    await shape.graph.counts_of([1, 2])
    tables = ("name_prefixes", "posts", "follows", "follow_counts")
    assert [line for line in plans if line.startswith("SCAN") and line.split()[1] in tables] == []
    assert any("ix_posts_published (audience=? AND published_id<?)" in line for line in plans)
    assert any("ix_name_prefixes_rank (prefix=? AND (rank,user_id)<" in line for line in plans), (
        plans
    )


@given(st.integers(0, 10**9))
def test_ranks_rise_with_followers_and_stay_below_the_highest(followers: int) -> None:
    assert 0 <= rank_of(followers) <= rank_of(followers + 1) < MAX_RANK
    assert rank_of(followers) < rank_of(followers + followers // 4 + 1) or followers < 7


NAMES = st.text(min_size=1, max_size=64)


@given(NAMES, st.integers(1, 30))
def test_whoever_types_the_beginning_of_a_word_finds_its_bearer(name: str, length: int) -> None:
    account = Account(1, "m.braun_b", name=name)
    for word in words_of(account):
        (asked,) = asked_words(word[:length]) or [""]
        assert is_meant(account, [asked])
        assert asked[:6] in prefixes_of(account)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("zoe", True),
        ("ZOË", True),
        ("@zoe.br", True),
        ("braun", True),
        ("brn", False),
        ("lüb zo", True),
        ("Ｌｕｅｂ", False),
        ("ＬＵＢ", True),
        ("luc", True),
        ("jean-l", True),
        ("zoe xavier", False),
        ("", True),
        (" @ ", True),
    ],
)
def test_case_accents_and_signs_make_no_difference(text: str, found: bool) -> None:
    account = Account(1, "zoe.braun", name="Zoë (Jean-Luc) Lübeck")
    assert is_meant(account, asked_words(text)) == found
