"""What a check is, and how checks are run."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from calotype.kernel.errors import CalotypeError

EXAMPLES = 3


class Skipped(Exception):
    """A check cannot judge just now; the words say why."""


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong; `mend` puts it right, None where nothing here can."""

    subject: str
    mend: Callable[[], Awaitable[object]] | None = None


class Check(Protocol):
    """One kind of flaw."""

    @property
    def what(self) -> str:
        """Its name, in the plural."""
        ...

    @property
    def cure(self) -> str:
        """What mending does, as in "--repair does it"; empty where nothing helps."""
        ...

    def flaws(self) -> AsyncIterator[Flaw]:
        """All there are, as they are found.

        Raises:
            Skipped: it cannot be judged just now.
        """
        ...


@dataclass
class Finding:
    """What one check found. `mended` counts those that were put right."""

    what: str
    cure: str
    count: int = 0
    curable: int = 0
    mended: int = 0
    examples: tuple[str, ...] = ()
    skipped: str = ""
    failed: str = ""

    @property
    def clean(self) -> bool:
        return not self.failed and self.mended == self.count


async def examine(checks: Iterable[Check], *, repair: bool) -> AsyncIterator[Finding]:
    """Run the checks one after the other; with `repair`, mend each flaw as it is found.

    What counts as mended is no longer found when it is looked for again.
    """
    for check in checks:
        finding = Finding(check.what, check.cure)
        try:
            async for flaw in check.flaws():
                await _note(finding, flaw, repair=repair)
            if repair and finding.curable:
                left = 0
                async for _ in check.flaws():
                    left += 1
                finding.mended = max(0, finding.count - left)
        except Skipped as reason:
            finding.skipped = str(reason)
        except CalotypeError as error:
            finding.failed = error.message
        yield finding


async def _note(finding: Finding, flaw: Flaw, *, repair: bool) -> None:
    finding.count += 1
    if len(finding.examples) < EXAMPLES:
        finding.examples += (flaw.subject,)
    if flaw.mend is not None:
        finding.curable += 1
        if repair:
            await flaw.mend()
