"""The ports to the outbox and the event log."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.kernel.leases import WorkSource


class Event(msgspec.Struct, frozen=True):
    """Something that happened to the aggregate `key` (one post, one edge).

    `kind` is `noun.verb` in the past; `payload` is MessagePack of a Struct in the room's events.py.
    """

    shard: int
    kind: str
    key: str
    payload: bytes


class OutboxRow(msgspec.Struct, frozen=True):
    """An event on its way from the outbox to the log."""

    id: int
    event: Event
    trace: str = ""


class Outbox(Protocol):
    """Events that leave with the transaction that made them true."""

    def append(self, tx: Transaction, event: Event) -> None: ...


class EventLog(WorkSource, Protocol):
    """Deliveries to groups of subscribers: a lane is a group.

    Delivery: at least once. Order: per group and key, in the order of publishing; a delivery that
    is dead steps aside. Retention: until the group has finished it.
    """

    async def publish(self, rows: Sequence[OutboxRow]) -> None:
        """Make events available to every group that subscribes to them. Idempotent by row id."""
        ...


class Relay(Protocol):
    """Moves committed events from the outbox to the log."""

    async def pass_on(self, limit: int) -> int:
        """Claim up to `limit` rows, publish them, delete them; how many. No cursor is kept."""
        ...
