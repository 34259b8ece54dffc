"""How the making of photos and videos goes. Works on the data directory."""

import re
from collections import Counter
from typing import TYPE_CHECKING

import click

from calotype.cli.admin import with_stores
from calotype.cli.rebuild import rebuild

if TYPE_CHECKING:
    from calotype.bootstrap import Embedded

DAY_MS = 86_400_000


@click.group()
def media() -> None:
    """The queues in which photos and videos are made ready."""


media.add_command(rebuild)


@media.command()
def status() -> None:
    """What waits in each lane, what the last day brought, and why posts failed."""

    async def work(shape: "Embedded") -> None:
        await _show_lanes(shape)
        await _show_last_day(shape)

    with_stores(work)


@media.command()
def retry() -> None:
    """Give every photo and video that was given up all its tries again.

    Those that are at fault themselves are not among them: their authors were told why.
    """

    async def work(shape: "Embedded") -> None:
        from calotype.kernel.ids import MAX_ID
        from calotype.posts.create import PHOTO_LANE, VIDEO_LANE

        count, before = 0, MAX_ID
        while letters := await shape.jobs.dead_letters(before, 100):
            before = letters[-1].id
            for letter in letters:
                if letter.lane in {PHOTO_LANE, VIDEO_LANE}:
                    count += await shape.jobs.replay(letter.id)
        click.echo(f"{count} will be tried again" if count else "nothing was given up")

    with_stores(work)


async def _show_lanes(shape: "Embedded") -> None:
    from calotype.kernel.ids import time_of
    from calotype.posts.create import PHOTO_LANE, VIDEO_LANE

    backlog = {lane.lane: lane for lane in await shape.jobs.backlog()}
    click.echo(f"{'lane':10} {'waiting':>8} {'oldest':>10} {'given up':>9}")
    for name in (PHOTO_LANE, VIDEO_LANE):
        lane = backlog.get(name)
        oldest = "-"
        if lane is not None and lane.oldest_id:
            oldest = f"{max(0, shape.clock.now_ms() - time_of(lane.oldest_id)) // 1000} s"
        waiting, dead = (lane.waiting, lane.dead) if lane is not None else (0, 0)
        click.echo(f"{name:10} {waiting:8} {oldest:>10} {dead:9}")


async def _show_last_day(shape: "Embedded") -> None:
    from calotype.bootstrap import build_post_census

    now = shape.clock.now_ms()
    census = build_post_census(shape)
    hour, day = await census.throughput(now - DAY_MS // 24), await census.throughput(now - DAY_MS)
    click.echo(
        f"\npublished of what was sent in the last hour: {hour.published}, day: {day.published}"
    )
    failed = Counter[str]()
    for reason, posts in day.failed.items():
        # Sizes and lengths differ from file to file; the reason is the same.
        failed[re.sub(r"\d[\d,.]*", "N", reason)] += posts
    click.echo(f"failed of the last day: {failed.total()}")
    for reason, posts in failed.most_common():
        click.echo(f"{posts:8}  {reason}")
