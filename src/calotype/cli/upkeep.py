"""Upgrade a place and look whether it is whole. Works on the data directory."""

import os
import sys
from typing import TYPE_CHECKING

import click

from calotype.cli.admin import with_stores

if TYPE_CHECKING:
    from calotype.bootstrap import Embedded
    from calotype.upkeep.checks import Finding


@click.command()
def migrate() -> None:
    """Bring the databases up to date; `serve` does the same at its start.

    A database that is in use is copied to backups/ first. The server must not run meanwhile.
    """
    from calotype.cli.process import prepare_alone
    from calotype.settings import load_settings

    for done in prepare_alone(load_settings(os.environ)):
        if done.before == done.after:
            click.echo(f"{done.name}: at schema {done.after}, nothing to do")
        elif done.before is None:
            click.echo(f"{done.name}: made at schema {done.after}")
        else:
            click.echo(f"{done.name}: from schema {done.before} to {done.after}")
        if done.backup is not None:
            click.echo(f"  as it was: {done.backup}")


@click.command()
@click.option("--deep", is_flag=True, help="Read every original, and compare its SHA-256.")
@click.option("--repair", is_flag=True, help="Mend what can be mended.")
def check(deep: bool, repair: bool) -> None:
    """Look whether rows and files fit together; the server may run meanwhile.

    Ends with 0 if all is well, or was mended, and with 1 if something is wrong.
    """
    findings: list[Finding] = []

    async def work(shape: "Embedded") -> None:
        from calotype.bootstrap import build_checks
        from calotype.upkeep.checks import examine

        async for finding in examine(build_checks(shape, deep=deep), repair=repair):
            findings.append(finding)
            if line := _line(finding, repair=repair):
                click.echo(line)

    with_stores(work)
    click.echo(_summary(findings))
    if not all(finding.clean for finding in findings):
        sys.exit(1)


def _line(finding: "Finding", *, repair: bool) -> str:
    if finding.failed:
        return f"{finding.what}: could not be looked for: {finding.failed}"
    if finding.skipped:
        return f"{finding.what}: not looked for: {finding.skipped}"
    if not finding.count:
        return ""
    line = f"{finding.what}: {finding.count}, such as {'; '.join(finding.examples)}"
    lost = finding.count - finding.curable
    if finding.curable:
        cure = f"{finding.mended} mended" if repair else f"--repair {finding.cure}"
        line += f" ({cure})"
    if lost:
        line += f" ({lost} cannot be mended here; put files of a backup in their place)"
    return line


def _summary(findings: "list[Finding]") -> str:
    wrong, mended = sum(f.count for f in findings), sum(f.mended for f in findings)
    failed = sum(1 for f in findings if f.failed)
    looked = sum(1 for f in findings if not f.failed and not f.skipped)
    words = f"{looked} checks done, {wrong} things wrong, {mended} mended"
    return words + (f", {failed} checks could not be done" if failed else "")
