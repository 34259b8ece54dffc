"""A worker's part in this process: whatever is promised is done, and then there is nothing left."""

from calotype.bootstrap import Embedded, build_handlers
from calotype.media.decoders import Decoders
from calotype.workers.figures import WorkerFigures
from calotype.workers.handlers import Handlers


def handlers_of(shape: Embedded) -> Handlers:
    decoders = Decoders(shape.settings.media)  # it starts none before there is a photo
    return build_handlers(shape, decoders, WorkerFigures(shape.clock, decoders.census))


async def work_off_events(shape: Embedded) -> int:
    """Relay and handle events until there are none; how many were handled."""
    handlers = handlers_of(shape)
    handled = 0
    while await shape.events.pass_on(500) or await _work_off(shape, handlers):
        handled += 1
    return handled


async def _work_off(shape: Embedded, handlers: Handlers) -> int:
    done = 0
    for group, handle in handlers.batches().items():
        if leased := await shape.events.lease(group, 500, "test"):
            await handle(leased)
            await shape.events.finish_all(leased)
            done += len(leased)
    for group, kinds in handlers.events().items():
        for event in await shape.events.lease(group, 500, "test"):
            await kinds[event.kind].run(event)
            await shape.events.finish(event)
            done += 1
    return done
