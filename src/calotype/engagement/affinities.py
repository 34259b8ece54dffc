"""Keep affinities up to what people do."""

from collections.abc import Sequence
from dataclasses import dataclass

from calotype.accounts.people import Accounts
from calotype.engagement.affinity import Act, AffinityStore, Touch
from calotype.engagement.events import CommentChanged, MarkChanged
from calotype.kernel.ids import time_of


@dataclass(frozen=True)
class KeepAffinities:
    """The use case, with what it works on."""

    accounts: Accounts
    affinities: AffinityStore

    async def touched(self, touches: Sequence[Touch]) -> None:
        """Add to affinities what people did about other people who are here."""
        people = await self.accounts.by_ids(
            id_ for touch in touches for id_ in (touch.viewer_id, touch.author_id)
        )
        await self.affinities.add(
            [
                touch
                for touch in touches
                if touch.viewer_id != touch.author_id
                and touch.viewer_id in people
                and touch.author_id in people
            ]
        )


def touch_of_mark(act: Act, change: MarkChanged, cause: int) -> Touch | None:
    """What a first like or save says; giving it again after taking it back says no more."""
    if change.version != 1:
        return None
    at_ms = time_of(change.mark_id)
    return Touch(change.user_id, change.subject.author_id, act, at_ms, cause)


def touch_of_comment(change: CommentChanged, cause: int) -> Touch:
    at_ms = time_of(change.comment_id)
    return Touch(change.author_id, change.subject.author_id, Act.COMMENT, at_ms, cause)
