"""The port to the index of people, by the beginnings of their names and by how many follow them."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction

# Above that of any number of followers that there can be.
MAX_RANK = 1_000


class Indexed(msgspec.Struct, frozen=True):
    """How a person stands in the index."""

    prefixes: frozenset[str]
    rank: int


class Entry(msgspec.Struct, frozen=True, order=True):
    """A person who was found; the greater entry comes first."""

    rank: int
    user_id: int


FIRST = Entry(MAX_RANK, 0)


def rank_of(followers: int) -> int:
    """Four steps for each doubling of followers: exact up to 6 of them, within a fifth beyond.

    So an index is written 80 times on the way to a million followers, and not a million times.
    """
    return int(4 * math.log2(max(0, followers) + 1))


class PeopleIndex(Protocol):
    """People by prefix, in the order of their entries, falling. Staleness: as of the last `put`.

    Verbs with `tx` join a transaction on the person's shard. Reads ask every node once, and cost
    a search and as many rows as are asked for.
    """

    async def indexed(self, user_ids: Iterable[int]) -> Mapping[int, Indexed]:
        """How these people stand; those who are not in it are left out."""
        ...

    def put(self, tx: Transaction, user_id: int, indexed: Indexed) -> None:
        """Let a person stand so and no longer otherwise. Idempotent."""
        ...

    async def starting_with(self, prefix: str, below: Entry, limit: int) -> list[Entry]:
        """Up to `limit` people with the prefix whose entries are less than `below`."""
        ...

    async def among(
        self, user_ids: Collection[int], prefix: str, below: Entry, limit: int
    ) -> list[Entry]:
        """The same, of these people alone; a search for each of at most 1,000."""
        ...

    async def forget(self, user_id: int) -> None:
        """Idempotent."""
        ...
