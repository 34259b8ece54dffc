"""The port for a look at all claims on names."""

from collections.abc import AsyncIterator
from typing import Protocol

from calotype.accounts.store import Claim


class NameCensus(Protocol):
    """Walks over all names, page by page."""

    def unborne(self, expired_by_ms: int) -> AsyncIterator[list[Claim]]:
        """Claims of nobody: confirmed ones, and ones that ran out before, without an account."""
        ...

    async def accounts(self) -> int:
        """How many accounts there are. Costs a look at each."""
        ...

    async def free(self, claim: Claim) -> None:
        """Remove exactly this claim, if it still has no account."""
        ...
