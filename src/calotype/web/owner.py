"""The owner's pages: the place at a glance, and its dead letters. Nobody else is answered."""

from datetime import datetime

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import UNSET, Struct, UnsetType

from calotype.accounts.account import Identity
from calotype.kernel.clock import to_datetime
from calotype.kernel.ids import parse_id
from calotype.upkeep.overview import Overview
from calotype.web.problems import refusals
from calotype.web.services import Services


class QueueView(Struct, rename="camel"):
    source: str
    lane: str
    waiting: int
    """Work that is not done yet."""
    oldest_seconds: float
    dead: int


class StorageView(Struct, rename="camel"):
    """`kind` is originals (as they were sent), or a database by its name."""

    kind: str
    bytes: int
    files: int


class PartView(Struct, rename="camel"):
    name: str
    healthy: bool
    detail: str | UnsetType = UNSET


class OverviewView(Struct, rename="camel"):
    accounts: int
    posts: dict[str, int]
    """By status; a status without posts is left out."""
    queues: list[QueueView]
    storage: list[StorageView]
    free_bytes: int
    total_bytes: int
    """Of the disk that holds the data directory."""
    parts: list[PartView]


class DeadLetterView(Struct, rename="camel"):
    id: str
    source: str
    lane: str
    kind: str
    key: str
    attempts: int
    error: str
    died: datetime


class DeadLettersView(Struct, rename="camel"):
    dead_letters: list[DeadLetterView]
    next_cursor: str | UnsetType = UNSET


@get("/owner/overview", responses=refusals(401, 403), operation_id="viewPlace")
async def overview(
    owner: NamedDependency[Identity],  # noqa: ARG001  (others are refused)
    services: NamedDependency[Services],
) -> OverviewView:
    """Who and what is here, what waits, and what is out of order."""
    return _overview(await services.owner.view.view())


@get("/owner/dead-letters", responses=refusals(401, 403), operation_id="listDeadLetters")
async def dead_letters(
    owner: NamedDependency[Identity],  # noqa: ARG001  (others are refused)
    services: NamedDependency[Services],
    cursor: FromQuery[str] = "",
    limit: FromQuery[int] = 50,
) -> DeadLettersView:
    """Jobs and events that failed their last try, newest first."""
    page = await services.owner.dead_letters.page(cursor or None, limit)
    return DeadLettersView(
        [
            DeadLetterView(
                id=str(each.id),
                source=each.source,
                lane=each.lane,
                kind=each.kind,
                key=each.key,
                attempts=each.attempts,
                error=each.error,
                died=to_datetime(each.died_ms),
            )
            for each in page.items
        ],
        page.next_cursor or UNSET,
    )


@post(
    "/owner/dead-letters/{letter_id:str}/replay",
    status_code=204,
    responses=refusals(401, 403, 404),
    operation_id="replayDeadLetter",
)
async def replay(
    letter_id: FromPath[str],
    owner: NamedDependency[Identity],  # noqa: ARG001  (others are refused)
    services: NamedDependency[Services],
) -> None:
    """Give a dead letter all its tries again."""
    await services.owner.dead_letters.replay(parse_id(letter_id, "letterId"))


def _overview(found: Overview) -> OverviewView:
    originals = StorageView("originals", found.originals.bytes, found.originals.files)
    return OverviewView(
        accounts=found.accounts,
        posts={status.value: count for status, count in found.posts.items()},
        queues=[
            QueueView(each.source, each.lane, each.waiting, each.oldest_s, each.dead)
            for each in found.queues
        ],
        storage=[
            originals,
            *(StorageView(name, size, 1) for name, size in found.disk.databases.items()),
        ],
        free_bytes=found.disk.free,
        total_bytes=found.disk.total,
        parts=[
            PartView(name, not trouble, trouble or UNSET) for name, trouble in found.parts.items()
        ],
    )


HANDLERS = [overview, dead_letters, replay]
