"""State graphs: the legal moves of a thing, declared once and checked at import."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from calotype.kernel.errors import IllegalMove

S = TypeVar("S", bound=StrEnum)


class StateGraph(Generic[S]):
    """Which state may follow which.

    Raises:
        ValueError: at construction, when a state is missing or cannot be reached from a start.
    """

    def __init__(
        self, states: type[S], starts: Iterable[S], moves: Mapping[S, Iterable[S]]
    ) -> None:
        self._moves = {state: frozenset(moves.get(state, ())) for state in states}
        reached = set(starts)
        frontier = list(reached)
        while frontier:
            fresh = self._moves[frontier.pop()] - reached
            reached |= fresh
            frontier.extend(fresh)
        if unreached := set(states) - reached:
            raise ValueError(f"states that nothing leads to: {sorted(unreached)}")

    def allows(self, current: S, to: S) -> bool:
        return to in self._moves[current]

    def sources(self, to: S) -> frozenset[S]:
        """The states from which `to` may be entered: the guard of an update."""
        return frozenset(state for state, targets in self._moves.items() if to in targets)

    def check(self, current: S, to: S) -> None:
        """Raise IllegalMove, with the current state in it, unless the move is legal."""
        if not self.allows(current, to):
            raise IllegalMove(f"what is {current} cannot become {to}", state=str(current))
