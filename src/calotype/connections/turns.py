"""Turns: the order in which accounts are served, however much each has waiting.

Start-time fair queueing (Goyal, Vin, Cheng 1996), at a cost of one for every row. A row's turn is
given when it is added: behind the last of its own account, or beside what is being served now. So
one account's 500 rows take 500 turns, and another's single row takes the next one.

Within a turn the oldest goes first. Turns begin again at 0 when a lane runs empty. Rows that are
`patient` have their turns above all others.
"""

from collections import Counter
from functools import cache

import sqlalchemy as sa

from calotype.connections.sql import Transaction

# A lane would have to hold as many rows at once before a turn came among the patient ones.
_PATIENT = 1 << 40
_LIVE = 0


def turn_columns() -> list[sa.schema.SchemaItem]:
    """The columns of a table whose rows take turns, and the indexes that find them."""
    return [
        sa.Column("account", sa.BigInteger, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Index(None, "lane", "died_ms", "turn"),
        sa.Index(None, "lane", "account", "died_ms", "turn"),
    ]


def is_patient(table: sa.Table, lane: str) -> tuple[sa.ColumnElement[bool], ...]:
    """What holds for the live rows of a lane that are patient."""
    t = table.c
    return (t.lane == lane, t.died_ms == _LIVE, t.turn >= _PATIENT)


class Turns:
    """Gives turns to the rows that one transaction adds to one table."""

    def __init__(self, tx: Transaction, table: sa.Table, now_ms: int) -> None:
        self._tx = tx
        self._table = table
        self._now_ms = now_ms
        self._next: Counter[tuple[str, int, bool]] = Counter()

    def next(self, lane: str, account: int, *, patient: bool) -> int:
        """The turn of this account's next row in the lane."""
        share = (lane, account, patient)
        if share not in self._next:
            self._next[share] = self._first(lane, account, patient=patient)
        turn = self._next[share]
        self._next[share] += 1
        return turn

    def _first(self, lane: str, account: int, *, patient: bool) -> int:
        low, high = (_PATIENT, 2 * _PATIENT) if patient else (0, _PATIENT)
        share = {"lane": lane, "account": account, "low": low, "high": high, "now": self._now_ms}
        row = self._tx.first(_standing(self._table), share)
        assert row is not None
        now = next((turn for turn in (row.served, row.waiting) if turn is not None), low)
        return int(now if row.own is None else max(now, row.own + 1))


@cache
def _standing(table: sa.Table) -> sa.Select[tuple[int | None, int | None, int | None]]:
    """The last turn served in a lane, the next one there, and the account's own last.

    Made once for each table: to make it takes 2 ms, and to ask it 0.1.
    """
    t = table.c
    low: sa.BindParameter[int] = sa.bindparam("low")
    high: sa.BindParameter[int] = sa.bindparam("high")
    live = (t.lane == sa.bindparam("lane"), t.died_ms == _LIVE)
    kin = (*live, t.turn >= low, t.turn < high)
    waiting = sa.select(sa.func.min(t.turn)).where(*kin)
    own = sa.select(sa.func.max(t.turn)).where(*kin, t.account == sa.bindparam("account"))
    # Leased rows are due in the future, and few are. Added to, `turn` is no reason to search
    # all that waits: with 50,000 rows that took 40 ms, and takes 0.1 this way.
    turn = t.turn + 0
    leased = (t.due_ms > sa.bindparam("now"), t.token != "")
    served = sa.select(sa.func.max(turn)).where(*live, *leased, turn >= low, turn < high)
    return sa.select(
        served.scalar_subquery().label("served"),
        waiting.scalar_subquery().label("waiting"),
        own.scalar_subquery().label("own"),
    )
