"""Dead letters: work that failed its last try, kept for an operator to inspect and replay."""

from typing import Protocol

import msgspec


class DeadLetter(msgspec.Struct, frozen=True):
    """One piece of work that was given up; `died_ms` in ms since the Unix epoch."""

    id: int
    source: str
    lane: str
    kind: str
    key: str
    payload: str
    attempts: int
    error: str
    died_ms: int


class DeadLetters(Protocol):
    """The dead letters of one source (the jobs, the events)."""

    source: str

    async def dead_letters(self, before: int, limit: int) -> list[DeadLetter]:
        """Those with the `limit` newest ids below `before`, newest first.

        What died in several groups under one id stays together, so there may be a few more.
        """
        ...

    async def dead_letter(self, id_: int) -> DeadLetter | None: ...

    async def replay(self, id_: int) -> bool:
        """Give all of this id their tries again, due now; False if there is no such dead letter."""
        ...


def readable(payload: bytes) -> str:
    """A payload for an operator's eyes: a dead letter may be dead because nobody can read it."""
    try:
        return str(msgspec.msgpack.decode(payload)) if payload else ""
    except msgspec.MsgspecError:
        return repr(payload)
