"""An event that waits for an earlier one of its key does not keep its lane awake."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from calotype.bootstrap import Embedded, open_embedded, prepare
from calotype.events.log import OutboxRow
from calotype.posts.events import FAILED, PUBLISHED, post_event
from calotype.settings import load_settings
from calotype.workers.handlers import NOTIFY_GROUP

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shape(tmp_path: Path) -> AsyncIterator[Embedded]:
    settings = load_settings({"CALOTYPE_DATA": str(tmp_path)})
    prepare(settings)
    opened = open_embedded(settings, "worker")
    yield opened
    opened.blobs.close()
    await opened.close()
    opened.doorbell.close()


async def test_lane_sleeps_while_an_earlier_event_is_under_way(shape: Embedded) -> None:
    author, post = shape.ids.new(1), shape.ids.new(1)
    kinds = (FAILED, PUBLISHED)
    rows = [OutboxRow(shape.ids.new(1), post_event(kind, post, author)) for kind in kinds]
    await shape.events.publish(rows)

    [first] = await shape.events.lease(NOTIFY_GROUP, 4, shape.owner)
    assert first.kind == FAILED
    assert await _is_idle(shape), "nothing can be leased while the first is"
    await shape.events.retry(first, "not yet")
    assert await _is_idle(shape), "nothing can be leased until the first is tried again"


async def _is_idle(shape: Embedded) -> bool:
    due = await shape.events.next_due(NOTIFY_GROUP)
    assert due is not None
    return due > shape.clock.now_ms() and not await shape.events.lease(NOTIFY_GROUP, 4, shape.owner)
