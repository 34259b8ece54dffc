"""Find people by the beginnings of their names, those whom one follows first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from calotype.accounts.account import Account
from calotype.accounts.people import Accounts
from calotype.discovery.people import FIRST, Entry, PeopleIndex
from calotype.discovery.words import MAX_PREFIX, asked_words, is_meant
from calotype.graph.store import GraphStore
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID
from calotype.kernel.paging import Page, Position, decode_cursor, encode_cursor

MAX_LIMIT = 50
MAX_ASKED = 100
# The newest of one's follows come first; whom one followed long before comes in the order of all.
FOLLOWS = 1_000
# Entries of the index that one page looks at: LOOKS times LOOK. Where more share a beginning, a
# page is short and its cursor goes on.
LOOK, LOOKS = 100, 4


class Found(msgspec.Struct, frozen=True):
    """A person as they stand to the one who asks."""

    account: Account
    followers: int
    following: bool


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The cursor: what was shown last, among one's follows or among the others."""

    others: bool
    rank: Position
    user_id: Position

    @property
    def entry(self) -> Entry:
        return Entry(self.rank, self.user_id)


@dataclass(frozen=True)
class FindPeople:
    """The use case, with what it works on."""

    accounts: Accounts
    graph: GraphStore
    people: PeopleIndex

    async def find(self, viewer_id: int, text: str, cursor: str | None, limit: int) -> Page[Found]:
        """People each of whose asked words begins a word of their names; without words, all.

        At most 13 round trips, mostly 6.

        Raises:
            Invalid, Malformed: the limit (1 to 50), the text (100 characters) or the cursor is wrong.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
        if len(text) > MAX_ASKED:
            raise Invalid(f"q has at most {MAX_ASKED} characters", field="q")
        at: Place | None = decode_cursor(cursor, Place) if cursor else _start(others=False)
        asked = asked_words(text)
        followed = [edge.user_id for edge in await self.graph.following(viewer_id, MAX_ID, FOLLOWS)]
        found: list[tuple[Place, Account]] = []
        for _ in range(LOOKS):
            if at is None or len(found) > limit:
                break
            places, at = await self._look(asked, followed, at)
            found += await self._meant(places, asked)
        if len(found) > limit:
            at = found[limit - 1][0]
        shown = [account for _, account in found[:limit]]
        return Page(
            await self._stand(viewer_id, shown), encode_cursor(at) if at is not None else None
        )

    async def _look(
        self, asked: Sequence[str], followed: Collection[int], at: Place
    ) -> tuple[list[Place], Place | None]:
        """What comes next in the index, and from where to go on; None at its end."""
        prefix = max(asked, key=len, default="")[:MAX_PREFIX]
        if at.others:
            entries = await self.people.starting_with(prefix, at.entry, LOOK)
        else:
            entries = await self.people.among(followed, prefix, at.entry, LOOK)
        places = [Place(at.others, entry.rank, entry.user_id) for entry in entries]
        if len(entries) == LOOK:
            on: Place | None = places[-1]
        else:
            on = None if at.others else _start(others=True)
        known = set(followed) if at.others else set()
        return [place for place in places if place.user_id not in known], on

    async def _meant(
        self, places: Sequence[Place], asked: list[str]
    ) -> list[tuple[Place, Account]]:
        accounts = await self.accounts.by_ids(place.user_id for place in places)
        return [
            (place, accounts[place.user_id])
            for place in places
            if place.user_id in accounts and is_meant(accounts[place.user_id], asked)
        ]

    async def _stand(self, viewer_id: int, shown: Sequence[Account]) -> list[Found]:
        ids = [account.user_id for account in shown]
        counts = await self.graph.counts_of(ids)
        followed = await self.graph.following_among(viewer_id, ids) if ids else set()
        return [
            Found(each, counts[each.user_id].followers, each.user_id in followed) for each in shown
        ]


def _start(*, others: bool) -> Place:
    return Place(others, FIRST.rank, FIRST.user_id)
