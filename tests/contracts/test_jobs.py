"""What every JobQueue promises beyond a WorkSource."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from calotype.bootstrap import Embedded
from calotype.connections.sql import Transaction
from calotype.jobs.queue import NewJob
from calotype.kernel.clock import SystemClock
from calotype.kernel.leases import Leased
from tests.clocks import ManualClock
from tests.stores import House

pytestmark = pytest.mark.anyio

SHARD = 5
LANE = "photos"


def job(key: str, kind: str = "media.process", shard: int = SHARD, lane: str = LANE) -> NewJob:
    return NewJob(shard, lane, kind, key)


async def enqueue(shape: Embedded, *jobs: NewJob) -> int:
    return await shape.core.write(SHARD, lambda tx: shape.jobs.enqueue(tx, list(jobs)))


async def held(shape: Embedded, *keys: str) -> set[str]:
    return await shape.core.read(
        SHARD, lambda tx: shape.jobs.holds(tx, SHARD, "media.process", list(keys))
    )


async def test_a_job_is_there_once_by_shard_kind_and_key(shape: Embedded) -> None:
    assert await enqueue(shape, job("a"), job("b")) == 2
    assert await enqueue(shape, job("a"), job("c")) == 1
    assert await enqueue(shape, job("a", kind="post.purge"), job("a", shard=6)) == 2
    assert await enqueue(shape) == 0
    assert len(await shape.jobs.lease(LANE, 10, "ada")) == 5


async def test_a_job_is_held_while_waiting_leased_or_dead_and_not_when_finished(
    shape: Embedded,
) -> None:
    await enqueue(shape, *(job(key) for key in ("waits", "leased", "dead", "done")))
    leases = {lease.key: lease for lease in await shape.jobs.lease(LANE, 10, "ada")}
    await shape.jobs.retry(leases["waits"], "x")
    await shape.jobs.bury(leases["dead"], "x")
    await shape.jobs.finish(leases["done"])
    everything = ("waits", "leased", "dead", "done", "never")
    assert await held(shape, *everything) == {"waits", "leased", "dead"}
    assert await enqueue(shape, *(job(key) for key in everything)) == 2, "done and never"


async def test_renewing_revives_the_dead_and_leaves_the_living(shape: Embedded) -> None:
    await enqueue(shape, *(job(key) for key in ("waits", "leased", "dead")))
    leases = {lease.key: lease for lease in await shape.jobs.lease(LANE, 10, "ada")}
    await shape.jobs.retry(leases["waits"], "x")
    await shape.jobs.bury(leases["dead"], "x")
    jobs = [job(key) for key in ("waits", "leased", "dead", "never")]
    assert await shape.core.write(SHARD, lambda tx: shape.jobs.renew(tx, jobs)) == 2
    again = await shape.jobs.lease(LANE, 10, "ada")
    assert {(lease.key, lease.attempt) for lease in again} == {("dead", 1), ("never", 1)}
    assert not await shape.jobs.finish(leases["dead"]), "the old lease is no key to the new job"
    assert await shape.jobs.finish(leases["leased"])


async def test_a_dead_job_is_not_revived_by_enqueuing_it(shape: Embedded) -> None:
    await enqueue(shape, job("a"))
    (lease,) = await shape.jobs.lease(LANE, 1, "ada")
    await shape.jobs.bury(lease, "x")
    assert await enqueue(shape, job("a")) == 0
    assert await shape.jobs.lease(LANE, 1, "ada") == []


class Refused(Exception):
    pass


async def test_a_job_of_a_transaction_that_fails_was_never_there(shape: Embedded) -> None:
    def work(tx: Transaction) -> None:
        shape.jobs.enqueue(tx, [job("a")])
        raise Refused

    with pytest.raises(Refused):
        await shape.core.write(SHARD, work)
    assert await held(shape, "a") == set()
    assert await shape.jobs.next_due(LANE) is None


async def test_a_lane_is_woken_after_the_commit_only(house: House) -> None:
    sleeper, writer = house.open("sleeper"), house.open("writer")
    sleeper.doorbell.open()
    listener = sleeper.doorbell.listen(sleeper.jobs.topic(LANE))
    other = sleeper.doorbell.listen(sleeper.jobs.topic("upkeep"))
    seen_inside: list[bool] = []

    def fail(tx: Transaction) -> None:
        writer.jobs.enqueue(tx, [job("a")])
        raise Refused

    def succeed(tx: Transaction) -> None:
        writer.jobs.enqueue(tx, [job("b")])
        seen_inside.append(listener.rung.is_set())

    with pytest.raises(Refused):
        await writer.core.write(SHARD, fail)
    await writer.core.write(SHARD, succeed)
    await listener.rung.wait()
    assert [lease.key for lease in await sleeper.jobs.lease(LANE, 9, "s")] == ["b"]
    assert seen_inside == [False]
    assert not other.rung.is_set()
    sleeper.doorbell.close()


async def test_a_retry_and_a_replay_wake_the_lane(house: House) -> None:
    sleeper, writer = house.open("sleeper"), house.open("writer")
    await enqueue(writer, job("a"))
    sleeper.doorbell.open()
    listener = sleeper.doorbell.listen(sleeper.jobs.topic(LANE))
    (lease,) = await writer.jobs.lease(LANE, 1, "ada")
    assert not listener.rung.is_set()
    await writer.jobs.retry(lease, "x")
    assert await listener.wait(60)
    await writer.jobs.reclaim("ada")
    await writer.jobs.bury(lease, "x")
    (lease,) = await _due_later(writer, writer.clock)
    await writer.jobs.bury(lease, "x")
    listener.rung.clear()
    assert await writer.jobs.replay(lease.id)
    assert await listener.wait(60)
    sleeper.doorbell.close()


async def _due_later(shape: Embedded, clock: object) -> list[Leased]:
    assert isinstance(clock, ManualClock)
    clock.advance(seconds=60)
    return await shape.jobs.lease(LANE, 1, "ada")


async def test_of_many_enqueues_of_one_job_one_adds_it(house: House) -> None:
    shapes = [house.open("one"), house.open("two")]
    added = await asyncio.gather(*(enqueue(shapes[i % 2], job("a")) for i in range(20)))
    assert sum(added) == 1


DRAIN = """
import asyncio, sys
from calotype.bootstrap import open_embedded
from calotype.settings import Settings

async def main(data, owner):
    shape = open_embedded(Settings(data=data), owner)
    print("ready", flush=True)
    sys.stdin.readline()
    while leases := await shape.jobs.lease("photos", 3, owner):
        for lease in leases:
            assert await shape.jobs.finish(lease)
            print(lease.key, flush=True)
    await shape.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_share_a_lane_without_doing_anything_twice(tmp_path: Path) -> None:
    house = House("embedded", tmp_path, SystemClock())
    await enqueue(house.open(), *(job(f"key{number}") for number in range(80)))
    workers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", DRAIN, str(tmp_path), owner),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ},
        )
        for owner in ("one", "two")
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"ready\n"
    outputs = await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))
    await house.close()
    shares = [output.decode().split() for output, _ in outputs]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(shares[0] + shares[1]) == sorted(f"key{number}" for number in range(80))
