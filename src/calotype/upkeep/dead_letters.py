"""Dead letters of every source in one list."""

from collections.abc import Sequence
from dataclasses import dataclass

from calotype.kernel.deadletters import DeadLetter, DeadLetters
from calotype.kernel.errors import Invalid, NotFound
from calotype.kernel.ids import MAX_ID
from calotype.kernel.paging import Before, Page, decode_cursor, encode_cursor

MAX_LIMIT = 100


@dataclass(frozen=True)
class AllDeadLetters:
    """What failed its last try, and another chance for it."""

    sources: Sequence[DeadLetters]

    async def page(self, cursor: str | None, limit: int) -> Page[DeadLetter]:
        """Those with the `limit` newest ids, newest first; one id may have several.

        Raises:
            Invalid, Malformed: the limit (1 to 100) or the cursor is wrong.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise Invalid(f"limit is a whole number from 1 to {MAX_LIMIT}", field="limit")
        before = decode_cursor(cursor, Before).id if cursor else MAX_ID
        found = [
            letter
            for source in self.sources
            for letter in await source.dead_letters(before, limit + 1)
        ]
        ids = sorted({letter.id for letter in found}, reverse=True)
        shown = set(ids[:limit])
        return Page(
            sorted((each for each in found if each.id in shown), key=lambda each: -each.id),
            encode_cursor(Before(ids[limit - 1])) if len(ids) > limit else None,
        )

    async def replay(self, id_: int) -> None:
        """Give it all its tries again, due now; a running worker takes it up at once.

        Raises:
            NotFound: there is no such dead letter.
        """
        revived = [await source.replay(id_) for source in self.sources]
        if not any(revived):
            raise NotFound("there is no such dead letter; look at the list again")
