"""The reconciler: what is stuck gets its job again, however much else is only waiting."""

from pathlib import Path

import pytest

from calotype.posts import reconcile
from calotype.posts.create import process_job
from calotype.posts.reconcile import Reconcile
from tests.clocks import TickingClock
from tests.stores import House, new_post, start

pytestmark = pytest.mark.anyio


async def test_a_stuck_post_behind_many_queued_ones_gets_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "BATCH", 2)
    clock = TickingClock()
    house = House("embedded", tmp_path / "house", clock)
    shape = house.open()
    try:
        author = shape.ids.new(7)
        posts = [new_post(shape, author) for _ in range(5)]
        for post in posts:
            await start(shape, post)
        queued = [process_job(post.media[0]) for post in posts[:-1]]
        await shape.core.write(0, lambda tx: shape.jobs.enqueue(tx, queued))
        use_case = Reconcile(shape.core, shape.posts, shape.jobs, shape.clock, 600_000)

        assert await use_case.reconcile() == 0, "nothing is stuck yet"
        clock.advance(seconds=601)
        assert await use_case.reconcile() == 1
        assert await use_case.reconcile() == 0, "it has a job now"
    finally:
        await house.close()
