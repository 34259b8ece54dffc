"""`calotype media rebuild`: have old posts' renditions made anew, and watch it."""

import asyncio
from typing import TYPE_CHECKING

import click

from calotype.cli.admin import with_stores

if TYPE_CHECKING:
    from calotype.bootstrap import Embedded
    from calotype.posts.rebuild_all import Progress, RebuildAll
    from calotype.posts.rebuilds import Scope

LOOK_EVERY_S = 0.5
_PATIENCE_S = 1.0


@click.command()
@click.option("--all", "all_", is_flag=True, help="All of them, also what was made as it is today.")
@click.option("--account", metavar="USERNAME", help="Only the posts of this account.")
@click.option("--older-than", type=click.IntRange(min=1), help="Made by a recipe below this one.")
@click.option("--stop", is_flag=True, help="End the rebuild that is under way.")
def rebuild(all_: bool, account: str | None, older_than: int | None, stop: bool) -> None:
    """Make the photos and videos of old posts anew, and show how far it is.

    Without --all or --older-than: those that were made by an older version of Calotype. The
    server's worker makes them when it has nothing else to do; posts can be seen throughout. The work
    goes on when this command or the server is stopped; run it again to watch it.
    """
    if all_ and older_than is not None:
        raise click.UsageError("--all and --older-than are two different choices")

    async def work(shape: "Embedded") -> None:
        from calotype.bootstrap import rebuild_all

        plan = rebuild_all(shape)
        if stop:
            await plan.close()
            click.echo("no more will be rebuilt")
            return
        progress = await plan.begin(await _scope(shape, all_, account, older_than))
        if not progress.over and not await _is_at_work(shape):
            click.echo(f"{progress.total} to rebuild; it begins when calotype serve runs")
            return
        _tell_end(progress if progress.over else await _watch(plan, progress))
        # Told; until then a command that was killed on the way finds it again.
        await plan.close()

    with_stores(work)


async def _scope(
    shape: "Embedded", all_: bool, account: str | None, older_than: int | None
) -> "Scope":
    from calotype.media.renditions import RECIPE
    from calotype.posts.rebuilds import Scope

    author_id = 0
    if account is not None:
        author_id = (await shape.people.accounts.by_username(account)).user_id
    return Scope(RECIPE + 1 if all_ else older_than or RECIPE, author_id)


async def _is_at_work(shape: "Embedded") -> bool:
    from calotype.connections.figures import fetch_figures, figures_path
    from calotype.kernel.errors import Unavailable

    try:
        await fetch_figures(figures_path(shape.settings.directory / "run", "worker"), _PATIENCE_S)
    except Unavailable:
        return False
    return True


async def _watch(plan: "RebuildAll", progress: "Progress") -> "Progress":
    with click.progressbar(length=progress.total, label="rebuilding", show_pos=True) as bar:
        while not progress.over:
            bar.update(progress.done - bar.pos)
            await asyncio.sleep(LOOK_EVERY_S)
            progress = await plan.progress()
        bar.update(progress.done - bar.pos)
    return progress


def _tell_end(progress: "Progress") -> None:
    if not progress.total:
        click.echo("nothing to rebuild")
        return
    click.echo(f"{progress.done - progress.failed} of {progress.total} rebuilt")
    if progress.failed:
        click.echo(
            f"{progress.failed} could not be, and stay as they were; "
            "calotype dead-letters list says why"
        )
