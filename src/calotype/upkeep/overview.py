"""The place at a glance, for its owner: who and what is here, what waits, what is out of order."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from calotype.accounts.census import NameCensus
from calotype.kernel.errors import CalotypeError
from calotype.posts.census import Originals, PostCensus
from calotype.posts.lifecycle import Status
from calotype.upkeep.queues import Depth, Queues

Probe = Callable[[], Awaitable[object]]


class Disk(msgspec.Struct, frozen=True):
    """Bytes of the disk that holds the data directory, and of the databases in it."""

    free: int
    total: int
    databases: Mapping[str, int]


class Overview(msgspec.Struct, frozen=True):
    """As of now. `parts` holds what is wrong with each part of the place; empty: it is well."""

    accounts: int
    posts: Mapping[Status, int]
    originals: Originals
    queues: list[Depth]
    disk: Disk
    parts: Mapping[str, str]


@dataclass(frozen=True)
class ViewPlace:
    """The use case, with what it works on. A probe raises where its part is out of order."""

    names: NameCensus
    posts: PostCensus
    queues: Queues
    disk: Callable[[], Awaitable[Disk]]
    probes: Mapping[str, Probe]

    async def view(self) -> Overview:
        """Costs a look at each row of accounts, posts and media: about a second for a million.

        Raises:
            Unavailable: the store of what there is does not answer.
        """
        return Overview(
            accounts=await self.names.accounts(),
            posts=await self.posts.by_status(),
            originals=await self.posts.originals(),
            queues=await self.queues.depths(),
            disk=await self.disk(),
            parts={name: await _trouble(probe) for name, probe in self.probes.items()},
        )


async def _trouble(probe: Probe) -> str:
    try:
        await probe()
    except CalotypeError as error:
        return error.message
    return ""
