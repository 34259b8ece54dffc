"""What every Rebuilds promises, and how RebuildAll hands out by it."""

import pytest
from msgspec.structs import replace

from calotype.bootstrap import Embedded, rebuild_all
from calotype.connections.sql import Transaction
from calotype.jobs.queue import NewJob
from calotype.kernel.errors import Conflict
from calotype.media.renditions import RECIPE
from calotype.posts.post import Facts
from calotype.posts.rebuild_all import BATCH, Progress
from calotype.posts.rebuilds import Scope
from tests.stores import House, new_post, publish, start

pytestmark = pytest.mark.anyio

EVERYTHING = Scope(RECIPE + 1)
FACTS = Facts(640, 480, "LEHV6nWB2yk8pyo0adR*")


async def ready(shape: Embedded, author_id: int, photos: int = 2) -> list[int]:
    """A published post's media, made by today's recipe."""
    post = await start(shape, new_post(shape, author_id, photos=photos))
    await publish(shape, post.post_id)
    return [medium.media_id for medium in post.media]


async def jobs(shape: Embedded) -> list[int]:
    """The media whose jobs are leased, all of them, in the order in which they are."""
    return [int(job.key) for job in await shape.jobs.lease("photos", 10_000, "test")]


async def test_what_is_ready_is_handed_out_once_over_all_shards(shape: Embedded) -> None:
    first, second = shape.ids.new(9), shape.ids.new(3)
    media = await ready(shape, first) + await ready(shape, second, photos=3)
    await start(shape, new_post(shape, first))  # still waits
    plan = rebuild_all(shape)
    assert await plan.begin(EVERYTHING) == Progress(5, 0, 0, over=False)
    await plan.hand_out()
    assert sorted(await jobs(shape)) == sorted(media)
    assert (await plan.progress()).total == 5


async def test_a_scope_of_one_author_and_of_older_recipes(shape: Embedded) -> None:
    first, second = shape.ids.new(3), shape.ids.new(3)
    await ready(shape, first)
    media = await ready(shape, second)
    plan = rebuild_all(shape)
    assert (await plan.begin(Scope(RECIPE))).total == 0, "all are made by today's"
    assert (await plan.begin(Scope(RECIPE + 1, second))).total == 2
    assert sorted(await jobs(shape)) == sorted(media)


async def test_no_more_jobs_than_keep_the_lanes_busy(shape: Embedded) -> None:
    author = shape.ids.new(3)
    media = [each for _ in range(13) for each in await ready(shape, author, photos=10)]
    plan = rebuild_all(shape)
    await plan.begin(EVERYTHING)
    await plan.hand_out()
    done: list[int] = []
    leased = await shape.jobs.lease("photos", 10_000, "test")
    assert len(leased) == BATCH
    for job in leased:
        done.append(int(job.key))
        await shape.jobs.finish(job)
        await plan.hand_out()
    assert (await plan.progress()).done == BATCH
    for job in await shape.jobs.lease("photos", 10_000, "test"):
        done.append(int(job.key))
        await shape.jobs.finish(job)
    assert sorted(done) == sorted(media)
    assert await plan.progress() == Progress(130, 130, 0, over=True)


async def test_how_far_it_is_outlives_a_cold_start(house: House) -> None:
    shape = house.open()
    await ready(shape, shape.ids.new(3))
    before = await rebuild_all(shape).begin(EVERYTHING)
    await house.close()
    again = rebuild_all(house.open())
    assert await again.progress() == before
    assert await again.begin(EVERYTHING) == before, "watched, not begun anew"
    with pytest.raises(Conflict, match="--stop"):
        await again.begin(Scope(RECIPE + 1, 12345))
    await again.close()
    assert await again.progress() == Progress(0, 0, 0, over=True)


async def test_what_people_wait_for_goes_first(shape: Embedded) -> None:
    author = shape.ids.new(3)
    old = await ready(shape, author)
    await rebuild_all(shape).begin(EVERYTHING)
    fresh = shape.ids.new(5)
    job = NewJob(shard=5, lane="photos", kind="media.process", key=str(fresh))
    await shape.core.write(0, lambda tx: shape.jobs.enqueue(tx, [job]))
    assert await jobs(shape) == [fresh, *sorted(old)]


async def test_a_failure_counts_and_a_leaver_ends_their_rebuild(shape: Embedded) -> None:
    author = shape.ids.new(3)
    media = await ready(shape, author)
    plan = rebuild_all(shape)
    await plan.begin(Scope(RECIPE + 1, author))
    await plan.note_failure(media[0])
    assert (await plan.progress()).failed == 1
    await shape.rebuilds.forget(author + 1)
    assert (await plan.progress()).total == 2
    await shape.rebuilds.forget(author)
    assert (await plan.progress()).total == 0


async def test_new_renditions_change_key_recipe_and_facts_in_one_step(shape: Embedded) -> None:
    (media_id,) = await ready(shape, shape.ids.new(3), photos=1)

    async def standing() -> tuple[str, str]:
        found = await shape.posts.medium_standing(media_id)
        assert found is not None
        return found.key, found.former_key

    assert await standing() == ("key0", "")
    for key, former in (("new", "key0"), ("newer", "new")):

        def turn(tx: Transaction, key: str = key) -> None:
            shape.posts.replace_renditions(tx, media_id, key, FACTS)

        await shape.core.write(0, turn)
        assert await standing() == (key, former)
    found = await shape.posts.medium(media_id)
    assert found is not None
    expected = replace(found[0], key="newer", former_key="new", facts=FACTS, recipe=RECIPE)
    assert found[0] == expected
