"""The port to the job queue."""

from typing import Protocol

import msgspec

from calotype.connections.sql import Transaction
from calotype.kernel.leases import WorkSource


class NewJob(msgspec.Struct, frozen=True):
    """A job to be done. While another of the same (kind, key) is there, it is not added.

    `shard` is where what it works on lives; `payload` is MessagePack, or empty where the key says
    all. `account` is whose work it is: accounts take turns within a lane; 0: the house's own.
    `patient` work comes when nothing else of its lane is due.
    """

    shard: int
    lane: str
    kind: str
    key: str
    payload: bytes = b""
    account: int = 0
    patient: bool = False


class JobQueue(WorkSource, Protocol):
    """Lanes of jobs. Delivery: at least once. Order: none promised within an account.

    Fair: accounts with due jobs in a lane are served in turn, however many jobs each has. What
    is patient waits for all that is not, and is fair among its own kind.
    """

    def enqueue(self, tx: Transaction, jobs: list[NewJob]) -> int:
        """Add jobs in the caller's transaction and wake their lanes; how many were new.

        Idempotent by (shard, kind, key); a dead job of that key is revived by replay alone.
        """
        ...

    def renew(self, tx: Transaction, jobs: list[NewJob]) -> int:
        """The same, but a dead job of that key is revived, with all its tries, and counted.

        One that waits or is leased stays as it is.
        """
        ...

    def patient(self, tx: Transaction, lane: str, kind: str) -> int:
        """How many patient jobs of a kind a lane of this node holds, waiting or leased.

        Costs a look at each patient job of the lane.
        """
        ...

    def holds(self, tx: Transaction, shard: int, kind: str, keys: list[str]) -> set[str]:
        """Those of `keys` that have a job, waiting, leased or dead."""
        ...
