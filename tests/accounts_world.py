"""The accounts room over a real SQLite file, with a clock to turn and a database to break."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from calotype.accounts.account import Grant
from calotype.accounts.adapters.sql import sql_stores
from calotype.accounts.create import NewPerson
from calotype.accounts.register import Policy
from calotype.accounts.room import AccountsRoom
from calotype.accounts.settings import AccountSettings
from calotype.connections.schema import CORE
from calotype.connections.sql import Database, Transaction, sqlite_engine
from calotype.events.adapters.sql import SqlOutbox
from calotype.kernel.errors import Unavailable
from calotype.kernel.ids import IdFactory
from tests.clocks import ManualClock

T = TypeVar("T")

PASSWORD = "correct horse"
CHEAP = AccountSettings(argon2_memory_kib=8, argon2_passes=1)


class SilentDoorbell:
    def ring(self, topic: str) -> None:
        pass


class Crash(Exception):
    """The process is gone; nothing of ours may catch this."""


class BreakableDatabase(Database):
    """Counts reads, can be away, and can crash after so many more commits."""

    reads = 0
    away = False
    commits_left: int | None = None

    async def read(self, shard: int, work: Callable[[Transaction], T]) -> T:
        self.reads += 1
        if self.away:
            raise Unavailable("the database is away")
        return await super().read(shard, work)

    async def write(self, shard: int, work: Callable[[Transaction], T]) -> T:
        if self.away:
            raise Unavailable("the database is away")
        if self.commits_left == 0:
            raise Crash
        answer = await super().write(shard, work)
        if self.commits_left is not None:
            self.commits_left -= 1
        return answer


def open_database(directory: Path) -> BreakableDatabase:
    # Power cuts are the matter of other tests: these may run without fsync.
    engine = sqlite_engine(directory / "core.db", "OFF")
    CORE.create_all(engine)
    return BreakableDatabase(engine, SilentDoorbell())


class World:
    """One process's room. Two worlds over one directory are two processes."""

    def __init__(
        self, directory: Path, clock: ManualClock, policy: Policy, settings: AccountSettings
    ) -> None:
        self.directory = directory
        self.clock = clock
        self.database = open_database(directory)
        self.ids = IdFactory(clock)
        self.stores = sql_stores()
        self.room = AccountsRoom(
            self.database, self.stores, settings, policy, self.ids, clock, SqlOutbox(self.ids)
        )

    async def register(self, username: str = "Ada", **given: Any) -> Grant:
        options = {key: given.pop(key) for key in ("invitation", "label") if key in given}
        person = NewPerson(username, given.pop("password", PASSWORD), **given)
        return await self.room.register(person, **options)

    async def close(self) -> None:
        await self.room.close()
        self.database.close()


@asynccontextmanager
async def opened(
    directory: Path,
    clock: ManualClock | None = None,
    policy: Policy = "open",
    **changes: Any,
) -> AsyncIterator[World]:
    settings = msgspec.structs.replace(CHEAP, **changes)
    world = World(directory, clock or ManualClock(), policy, settings)
    try:
        yield world
    finally:
        await world.close()
