"""People whom one might follow: followed by those one follows, else the most followed."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from calotype.accounts.account import Account
from calotype.accounts.people import Accounts
from calotype.discovery.people import FIRST, PeopleIndex
from calotype.graph.store import GraphStore
from calotype.kernel.errors import Invalid
from calotype.kernel.ids import MAX_ID

MAX_LIMIT = 50
# Whose follows are looked at, and how many of each: the newest ones, 5,000 edges at most.
VIA, EACH = 100, 50
# The most followed, of whom those one follows already are left out.
POPULAR = 200
NAMED = 3


class Suggestion(msgspec.Struct, frozen=True):
    """A person whom the one who asks does not follow.

    `followed_by` are up to 3 of the `followed_by_count` whom one follows and who follow them; none
    where the person is suggested for being followed by many.
    """

    account: Account
    followers: int
    followed_by: tuple[Account, ...]
    followed_by_count: int


@dataclass(frozen=True)
class SuggestPeople:
    """The use case, with what it works on."""

    accounts: Accounts
    graph: GraphStore
    people: PeopleIndex

    async def suggest(self, viewer_id: int, limit: int) -> list[Suggestion]:
        """Up to `limit` people, those whom most of one's follows follow first; six round trips.

        Raises:
            Invalid: the limit is not from 1 to 50.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
        via = await self._followers_among_follows(viewer_id)
        friends = sorted(via, key=lambda id_: (-len(via[id_]), id_))
        popular = [each.user_id for each in await self.people.starting_with("", FIRST, POPULAR)]
        candidates = list(dict.fromkeys([*friends[: limit + POPULAR], *popular]))
        known = await self.graph.following_among(viewer_id, candidates) | {viewer_id}
        # Twice as many as wanted, since some may have left.
        chosen = [id_ for id_ in candidates if id_ not in known][: 2 * limit]
        return (await self._told(chosen, via))[:limit]

    async def _followers_among_follows(self, viewer_id: int) -> dict[int, list[int]]:
        """By person, who of the newest of one's follows follows them."""
        mine = await self.graph.following(viewer_id, MAX_ID, VIA)
        theirs = await self.graph.newest_followees([edge.user_id for edge in mine], EACH)
        via: dict[int, list[int]] = {}
        for follower_id, followees in theirs.items():
            for followee_id in followees:
                via.setdefault(followee_id, []).append(follower_id)
        return via

    async def _told(self, chosen: Sequence[int], via: dict[int, list[int]]) -> list[Suggestion]:
        named = {id_ for each in chosen for id_ in via.get(each, [])[:NAMED]}
        accounts = await self.accounts.by_ids({*chosen, *named})
        counts = await self.graph.counts_of(chosen)
        return [
            Suggestion(
                account=accounts[each],
                followers=counts[each].followers,
                followed_by=tuple(
                    accounts[id_] for id_ in via.get(each, [])[:NAMED] if id_ in accounts
                ),
                followed_by_count=len(via.get(each, [])),
            )
            for each in chosen
            if each in accounts
        ]
