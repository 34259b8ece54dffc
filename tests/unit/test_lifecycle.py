"""The life of a post, drawn as DESIGN §5 draws it, and state graphs."""

from enum import StrEnum
from itertools import pairwise, product

import pytest

from calotype.kernel.errors import IllegalMove
from calotype.kernel.states import StateGraph
from calotype.posts.lifecycle import LIFECYCLE, Status

# Both columns of the picture: A -> B; a two-headed arrow is two of them.
DRAWN = """
UPLOADING -> PROCESSING -> PUBLISHED -> ARCHIVED -> PUBLISHED
PUBLISHED -> FLAGGED -> PUBLISHED
FLAGGED -> REMOVED -> PUBLISHED
UPLOADING -> CANCELLED
PROCESSING -> CANCELLED
PROCESSING -> FAILED -> PROCESSING
ARCHIVED -> PURGED
FAILED -> PURGED
CANCELLED -> PURGED
REMOVED -> PURGED
"""


def drawn() -> set[tuple[Status, Status]]:
    moves = set()
    for line in DRAWN.split("\n"):
        states = [Status(word) for word in line.split(" -> ") if word]
        moves |= set(pairwise(states))
    return moves


@pytest.mark.parametrize(("current", "to"), list(product(Status, Status)))
def test_a_move_is_legal_exactly_if_it_is_drawn(current: Status, to: Status) -> None:
    legal = (current, to) in drawn()
    assert LIFECYCLE.allows(current, to) == legal
    assert (current in LIFECYCLE.sources(to)) == legal
    if legal:
        LIFECYCLE.check(current, to)
        return
    with pytest.raises(IllegalMove) as caught:
        LIFECYCLE.check(current, to)
    assert caught.value.details == {"state": current}
    assert current in caught.value.message
    assert to in caught.value.message


def test_what_is_purged_stays_purged() -> None:
    assert not any(LIFECYCLE.allows(Status.PURGED, to) for to in Status)


class Light(StrEnum):
    RED = "RED"
    GREEN = "GREEN"
    BLUE = "BLUE"


def test_a_state_that_nothing_leads_to_is_refused_when_the_graph_is_made() -> None:
    with pytest.raises(ValueError, match="BLUE"):
        StateGraph(Light, [Light.RED], {Light.RED: [Light.GREEN], Light.BLUE: [Light.RED]})
    StateGraph(Light, [Light.RED, Light.BLUE], {Light.RED: [Light.GREEN]})
