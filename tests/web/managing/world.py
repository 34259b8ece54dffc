"""Posts in every state, and what is done with them through HTTP and by the worker."""

import itertools
from collections.abc import AsyncIterator
from functools import partial

import httpx

from calotype.bootstrap import Embedded
from calotype.connections.sql import Transaction
from calotype.kernel.ids import shard_of
from calotype.posts.drop import DROP
from calotype.posts.lifecycle import Status
from calotype.posts.outcome import Outcome
from calotype.posts.post import Facts, Failure, Post
from calotype.posts.process import WORN_OUT
from calotype.posts.rekey import REKEY, Rekey
from calotype.posts.withdraw import PURGE, UPKEEP_LANE
from tests.inprocess import Place, Visitor
from tests.stores import new_post, publish, start

names = (f"manager{number}" for number in itertools.count())
READY = Facts(640, 480, "LEHV6nWB2yk8pyo0adR*")
_ROADS: dict[Status, tuple[Status, ...]] = {
    Status.UPLOADING: (),
    Status.PROCESSING: (),
    Status.PUBLISHED: (Status.PUBLISHED,),
    Status.ARCHIVED: (Status.PUBLISHED, Status.ARCHIVED),
    Status.FLAGGED: (Status.PUBLISHED, Status.FLAGGED),
    Status.REMOVED: (Status.PUBLISHED, Status.FLAGGED, Status.REMOVED),
    Status.CANCELLED: (Status.CANCELLED,),
    Status.FAILED: (Status.FAILED,),
    Status.PURGED: (Status.CANCELLED, Status.PURGED),
}


async def in_state(place: Place, author_id: int, state: Status) -> Post:
    """A post of two photos, brought to a state along the graph; FAILED as by a worn-out photo."""
    first = Status.UPLOADING if state == Status.UPLOADING else Status.PROCESSING
    post = await start(place.shape, new_post(place.shape, author_id, status=first, photos=2))
    if state == Status.FAILED:
        await settle(place, post, 0, WORN_OUT)
        return await place.stored(post.post_id)
    for to in _ROADS[state]:
        if to == Status.PUBLISHED:
            await publish(place.shape, post.post_id)
        else:
            await place.shape.core.write(
                shard_of(post.post_id),
                partial(place.shape.posts.move, post_id=post.post_id, to=to),
            )
    return await place.stored(post.post_id)


async def settle(place: Place, post: Post, position: int, outcome: Facts | Failure | str) -> None:
    """Let a photo end as it would in a worker's hands."""
    shape, media_id = place.shape, post.media[position].media_id
    if isinstance(outcome, str):
        outcome = Failure("broken_image", outcome)
    ended = outcome

    def settle(tx: Transaction) -> None:
        shape.posts.settle(tx, media_id, ended)
        Outcome(shape.posts, shape.outbox, shape.ids).conclude(tx, post.post_id)

    await shape.core.write(shard_of(media_id), settle)


async def act(visitor: Visitor, name: str, post: Post) -> httpx.Response:
    path = f"/posts/{post.post_id}"
    match name:
        case "withdraw":
            return await visitor.api("DELETE", path)
        case "drop":
            return await visitor.api("DELETE", f"{path}/media/{post.media[0].media_id}")
        case "edit":
            return await visitor.api("PATCH", path, json={"caption": "edited"})
        case _:
            return await visitor.api("POST", f"{path}/{name}")


async def work_off_upkeep(place: Place) -> list[str]:
    """Do the jobs of the upkeep lane, as its worker would; their kinds."""
    services, shape = place.services, place.shape
    done: list[str] = []
    while leased := await shape.jobs.lease(UPKEEP_LANE, 10, "test"):
        for job in leased:
            first, _, second = job.key.partition("/")
            if job.kind == PURGE:
                await services.posting.withdraw.remove_files(int(first))
            elif job.kind == DROP:
                await services.posting.drop.remove_files(int(first), int(second))
            else:
                assert job.kind == REKEY
                await Rekey(shape.posts, shape.blobs).rekey(int(first), second)
            await shape.jobs.finish(job)
            done.append(job.kind)
    return done


async def keep_originals(place: Place, post: Post) -> None:
    async def photo() -> AsyncIterator[bytes]:
        yield b"an original"

    for medium in post.media:
        await place.shape.blobs.put(f"originals/{post.author_id}/{medium.media_id}", photo())


async def originals(place: Place, author: Visitor) -> set[str]:
    return {blob.key async for blob in place.shape.blobs.list(f"originals/{author.id}/")}


async def events_of(shape: Embedded) -> list[str]:
    """The kinds of events that the feed's group is to hear of, and forget them."""
    await shape.events.pass_on(100)
    kinds = []
    while leased := await shape.events.lease("feed", 20, "test"):
        for event in leased:
            kinds.append(event.kind)
            await shape.events.finish(event)
    return kinds
