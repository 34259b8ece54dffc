"""What every JobQueue promises about whose turn it is."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calotype.bootstrap import Embedded
from calotype.jobs.queue import NewJob
from tests.stores import opened

pytestmark = pytest.mark.anyio

SHARD = 5
LANE = "photos"


async def enqueue(
    shape: Embedded, account: int, *keys: str, patient: bool = False, lane: str = LANE
) -> None:
    jobs = [
        NewJob(SHARD, lane, "media.process", key, account=account, patient=patient) for key in keys
    ]
    await shape.core.write(SHARD, lambda tx: shape.jobs.enqueue(tx, jobs))


async def serve(shape: Embedded, lane: str = LANE) -> str | None:
    """Do the next job, if there is one."""
    for job in await shape.jobs.lease(lane, 1, "ada"):
        assert await shape.jobs.finish(job)
        return job.key
    return None


async def test_one_job_waits_for_one_of_five_hundred(shape: Embedded) -> None:
    await enqueue(shape, 1, *(f"many{number:03}" for number in range(500)))
    assert [await serve(shape) for _ in range(3)] == ["many000", "many001", "many002"]
    await enqueue(shape, 2, "single")
    served = [await serve(shape) for _ in range(2)]
    assert "single" in served


async def test_one_job_waits_for_none_that_was_not_begun(shape: Embedded) -> None:
    await enqueue(shape, 1, *(f"many{number:03}" for number in range(500)))
    await shape.jobs.lease(LANE, 2, "ada")
    await enqueue(shape, 2, "single")
    assert await serve(shape) == "single"


async def test_what_was_left_for_later_gives_nobody_an_advantage(shape: Embedded) -> None:
    """A job that waits for its next try must not hold the turns of newcomers down."""
    await enqueue(shape, 1, "slow", *(f"many{number:03}" for number in range(100)))
    (slow,) = await shape.jobs.lease(LANE, 1, "ada")
    await shape.jobs.retry(slow, "not yet")
    for _ in range(50):
        await serve(shape)
    (_begun,) = await shape.jobs.lease(LANE, 1, "ada")
    await enqueue(shape, 2, *(f"other{number:03}" for number in range(50)))
    served = [str(await serve(shape)) for _ in range(20)]
    assert Counter(key[:4] for key in served) == {"many": 10, "othe": 10}


async def test_patient_work_comes_when_nothing_else_is_there(shape: Embedded) -> None:
    await enqueue(shape, 1, "old1", "old2", "old3", patient=True)
    await enqueue(shape, 1, "new1")
    assert await serve(shape) == "new1"
    assert await serve(shape) == "old1"
    await enqueue(shape, 2, "new2")
    await enqueue(shape, 2, "older1", patient=True)
    assert [await serve(shape) for _ in range(5)] == ["new2", "old2", "older1", "old3", None]


async def test_lanes_have_turns_of_their_own(shape: Embedded) -> None:
    await enqueue(shape, 1, "a1", "a2", "a3")
    await enqueue(shape, 1, "b1", lane="other")
    await enqueue(shape, 2, "b2", lane="other")
    assert [await serve(shape, "other") for _ in range(2)] == ["b1", "b2"]


@settings(max_examples=25, deadline=None)
@given(
    moves=st.lists(
        st.one_of(
            st.tuples(st.integers(1, 4), st.integers(1, 6)),  # an account brings so many
            st.none(),  # one is served
        ),
        max_size=24,
    )
)
async def test_whoever_waits_is_served_in_each_round(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, int] | None]
) -> None:
    """Between two services of an account that waits, every other is served twice at most."""
    async with opened(tmp_path_factory.mktemp("turns")) as shape:
        waiting: Counter[int] = Counter()
        since: dict[int, Counter[int]] = {}
        moves = [*moves, *([None] * sum(move[1] for move in moves if move))]
        for number, move in enumerate(moves):
            if move is not None:
                account, count = move
                keys = (f"{account}/{number}/{each}" for each in range(count))
                await enqueue(shape, account, *keys)
                if not waiting[account]:
                    since[account] = Counter()
                waiting[account] += count
            elif (key := await serve(shape)) is not None:
                served = int(key.split("/")[0])
                waiting[served] -= 1
                since[served] = Counter()
                for other, count in waiting.items():
                    if count and other != served:
                        since[other][served] += 1
                        assert since[other][served] <= 2
        assert await serve(shape) is None
        assert not +waiting
