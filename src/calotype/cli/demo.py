"""Fill an empty place with a community to look at."""

import asyncio
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from calotype.bootstrap import Embedded
    from calotype.demo.community import Community
    from calotype.demo.fill import Fill
    from calotype.demo.photographs import Pictures
    from calotype.demo.times import TurnedClock
    from calotype.media.decoders import Decoders
    from calotype.settings import Settings

_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--seed", default=1841, show_default=True, help="The same seed, the same community.")
@click.option("--people", type=click.IntRange(2, 1_000), default=50, show_default=True)
@click.option("--posts", type=click.IntRange(1, 10_000), default=300, show_default=True)
@click.option("--photos", type=_DIRECTORY, help="Use the photos in it instead of painted ones.")
def demo(seed: int, people: int, posts: int, photos: Path | None) -> None:
    """Fill an empty data directory (CALOTYPE_DATA) with people, follows and posts."""
    # One thread a picture, several pictures at once; must stand before libvips is loaded.
    os.environ.setdefault("VIPS_CONCURRENCY", "1")
    from calotype.bootstrap import prepare
    from calotype.cli.serve import alone
    from calotype.demo.community import plan
    from calotype.demo.photographs import find_photographs, from_files, painted
    from calotype.settings import load_settings

    settings = load_settings(os.environ)
    pictures: Pictures = painted
    count = None
    if photos is not None:
        files = find_photographs(photos, settings.uploads, lambda line: click.echo(line, err=True))
        pictures, count = from_files(files, seed), len(files)
    community = plan(seed, people, posts, count)
    if len(community.posts) < posts:
        click.echo(f"{count} photos make {len(community.posts)} posts", err=True)
    with alone(settings.directory):
        prepare(settings)
        asyncio.run(_fill(settings, community, pictures))


async def _fill(settings: "Settings", community: "Community", pictures: "Pictures") -> None:
    from calotype.bootstrap import open_embedded
    from calotype.demo.times import TurnedClock
    from calotype.kernel.errors import Conflict
    from calotype.media.decoders import Decoders

    clock = TurnedClock()
    shape = open_embedded(settings, "demo", clock)
    decoders = Decoders(settings.media)
    try:
        if await shape.people.accounts.anyone():
            raise Conflict(
                f"{os.fspath(settings.directory)!r} has accounts in it; "
                "name an empty directory with CALOTYPE_DATA"
            )
        total = sum(len(post.subjects) for post in community.posts)
        with click.progressbar(length=total, label="Developing") as bar:
            fill = _filling(shape, decoders, clock, pictures, lambda: bar.update(1))
            failed = await fill.carry_out(community)
    finally:
        await decoders.close()
        await shape.close()
    _report(community, fill, failed)


def _filling(
    shape: "Embedded",
    decoders: "Decoders",
    clock: "TurnedClock",
    pictures: "Pictures",
    processed: Callable[[], None],
) -> "Fill":
    import dataclasses

    from calotype.bootstrap import build_handlers, build_lanes, build_services
    from calotype.demo.fill import Fill, ProcessInItsTime
    from calotype.demo.photographs import painted_avatar
    from calotype.workers.figures import WorkerFigures

    shape.doorbell.open()
    handlers = build_handlers(shape, decoders, WorkerFigures(shape.clock, decoders.census))
    own = {
        each.name: getattr(handlers.process, each.name)
        for each in dataclasses.fields(handlers.process)
    }
    dated = dataclasses.replace(handlers, process=ProcessInItsTime(**own, processed=processed))
    return Fill(
        services=build_services(shape),
        worker=build_lanes(shape, dated),
        clock=clock,
        pictures=pictures,
        avatars=painted_avatar,
        password=secrets.token_urlsafe(9),
        owner_password=secrets.token_urlsafe(9),
    )


def _report(community: "Community", fill: "Fill", failed: int) -> None:
    from calotype.demo.fill import OWNER, keenest

    reader = community.people[keenest(community)]
    click.echo(
        f"{len(community.people)} people, {len(community.follows)} follows, "
        f"{len(community.posts) - failed} posts, {len(community.reactions.likes)} likes, "
        f"{len(community.reactions.comments)} comments"
    )
    if failed:
        click.echo(f"{failed} posts failed; see calotype dead-letters list", err=True)
    click.echo("Run calotype serve, and log in as")
    click.echo(f"  {reader.username}  password {fill.password}   (so do all the others)")
    click.echo(f"  {OWNER}  password {fill.owner_password}   (the owner)")
