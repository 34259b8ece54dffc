"""The worker process under `serve`. It imports no web framework, so it starts sooner and weighs less."""

import asyncio

import uvloop

from calotype.bootstrap import build_worker, open_embedded
from calotype.cli.process import started, until_told
from calotype.connections.figures import figures_path, offer_figures
from calotype.media.decoders import Decoders
from calotype.settings import Settings
from calotype.workers.figures import WorkerFigures


def run_worker(parent: int) -> None:
    """Work until SIGTERM, or until the parent is gone."""
    uvloop.run(_worker(started(), parent))


async def _worker(settings: Settings, parent: int) -> None:
    shape = open_embedded(settings, "worker")
    shape.doorbell.open()
    decoders = Decoders(settings.media)
    figures = WorkerFigures(shape.clock, decoders.census)
    offered = await offer_figures(
        figures_path(settings.directory / "run", "worker"), figures.families
    )
    stopping = asyncio.Event()
    until_told(stopping.set, parent)
    try:
        await build_worker(shape, decoders, figures).run(stopping)
    finally:
        offered.close()
        await decoders.close()
        await shape.close()
