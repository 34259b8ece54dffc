"""Originals make way for masters by policy, and everything can be made again from what is left."""

import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageOps, ImageStat

from calotype.bootstrap import (
    Embedded,
    build_checks,
    build_handlers,
    rebuild_all,
    retire_originals,
)
from calotype.kernel.errors import Damaged, StorageFull
from calotype.media.decoders import Decoders
from calotype.media.look import Look, Shape
from calotype.media.renditions import RECIPE, rendition_key
from calotype.media.settings import MediaSettings
from calotype.posts.create import process_job
from calotype.posts.lifecycle import Status
from calotype.posts.post import Medium, MediumKind, Source
from calotype.posts.rebuilds import Scope
from calotype.settings import Settings
from calotype.upkeep.checks import examine
from calotype.uploads.keys import master_key, original_key
from calotype.workers.figures import WorkerFigures
from calotype.workers.handlers import Handlers
from tests.clips import clip, scene
from tests.clocks import DAY_MS, TickingClock
from tests.photos import SECRET_PLACE, camera_jpeg, small_jpeg
from tests.stores import AUTHOR_SHARD, House, move, new_post, start

pytestmark = pytest.mark.anyio

LOOK = Look(turn=90, crop=Shape.SQUARE, filter="lacock")
WEEK_MS = 7 * DAY_MS


@dataclass
class Darkroom:
    """A shape whose policy is to delete originals after 7 days, and a worker's hands."""

    shape: Embedded
    clock: TickingClock
    handlers: Handlers

    async def published(self, data: bytes, **facts: Any) -> Medium:
        """The medium of a published post."""
        author = self.shape.ids.new(AUTHOR_SHARD)
        post = new_post(self.shape, author)
        medium = replace(post.media[0], size=len(data), **facts)
        post = await start(self.shape, replace(post, media=(medium,)))
        await self.shape.blobs.put(original_key(author, medium.media_id), _once(data))
        await self.shape.core.write(
            0, lambda tx: self.shape.jobs.enqueue(tx, [process_job(medium)])
        )
        await self.work()
        return await self.medium(medium)

    async def work(self) -> list[str]:
        """Do all jobs of photos and videos; their kinds."""
        done: list[str] = []
        for lane in ("photos", "videos", "upkeep"):
            kinds = self.handlers.jobs()[lane]
            while leased := await self.shape.jobs.lease(lane, 10, "test"):
                for job in leased:
                    await kinds[job.kind].run(job)
                    await self.shape.jobs.finish(job)
                    done.append(job.kind)
        return done

    async def medium(self, medium: Medium) -> Medium:
        found = await self.shape.posts.medium(medium.media_id)
        assert found is not None
        return found[0]

    async def hand_out(self) -> int:
        retire = retire_originals(self.shape)
        assert retire is not None
        return await retire.hand_out()

    async def retired(self, medium: Medium) -> Medium:
        """The medium once its original has made way, a week later."""
        self.clock.advance(ms=WEEK_MS + 1)
        assert await self.hand_out() == 1
        assert await self.work() == ["media.retire"]
        return await self.medium(medium)

    async def rebuilt(self, medium: Medium) -> Medium:
        await rebuild_all(self.shape).begin(Scope(RECIPE + 1))
        assert "media.rebuild" in await self.work()
        await rebuild_all(self.shape).close()
        return await self.medium(medium)

    async def rendition(self, medium: Medium, name: str) -> Image.Image:
        return await self.picture(rendition_key(medium.media_id, medium.key, name))

    async def picture(self, key: str) -> Image.Image:
        return Image.open(io.BytesIO((await self.shape.blobs.read(key, 0, 1 << 26)).data))

    async def kept(self, key: Callable[[int, int], str], medium: Medium) -> bool:
        wanted = key(medium.author_id, medium.media_id)
        folder = wanted.rpartition("/")[0] + "/"
        return wanted in [blob.key async for blob in self.shape.blobs.list(folder)]

    async def flaws(self) -> list[str]:
        checks = build_checks(self.shape, deep=True)
        return [each.what async for each in examine(checks, repair=False) if each.count]


@pytest.fixture
async def darkroom(tmp_path: Path) -> AsyncIterator[Darkroom]:
    clock = TickingClock()
    house = House("embedded", tmp_path / "house", clock)
    media = MediaSettings(decoders=1, originals="delete_after=7d")
    house.settings = replace(house.settings, media=media)
    shape = house.open()
    decoders = Decoders(media)
    handlers = build_handlers(shape, decoders, WorkerFigures(clock, decoders.census))
    yield Darkroom(shape, clock, handlers)
    await decoders.close()
    await house.close()


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures of one size, in levels of 255."""
    apart = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(apart).mean)


async def test_an_original_makes_way_for_a_plain_master_when_its_time_is_over(
    darkroom: Darkroom,
) -> None:
    data = camera_jpeg(2400, 1600, 6)
    medium = await darkroom.published(data, look=LOOK)
    darkroom.clock.advance(ms=WEEK_MS - DAY_MS)
    assert await darkroom.hand_out() == 0
    darkroom.clock.advance(ms=DAY_MS + 1)
    assert await darkroom.hand_out() == 1
    assert await darkroom.hand_out() == 0, "it has its job"
    assert await darkroom.work() == ["media.retire"]
    retired = await darkroom.medium(medium)
    assert retired == replace(medium, source=Source.MASTER)
    assert not await darkroom.kept(original_key, medium)
    key = master_key(medium.author_id, medium.media_id)
    master = await darkroom.picture(key)
    assert master.size == (1620, 1080), "upright and whole"
    assert not master.getexif()
    stored = (await darkroom.shape.blobs.read(key, 0, 1 << 26)).data
    assert SECRET_PLACE.encode() not in stored
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).resize(master.size)
    assert difference(master, upright) < 4, "and as it was taken"
    assert await darkroom.hand_out() == 0
    assert await darkroom.flaws() == []


async def test_a_rebuild_from_a_master_turns_crops_and_filters_again(darkroom: Darkroom) -> None:
    medium = await darkroom.published(camera_jpeg(2400, 1600, 1), look=LOOK)
    before = {name: await darkroom.rendition(medium, name) for name in ("w1080.webp", "w150.webp")}
    await darkroom.retired(medium)
    rebuilt = await darkroom.rebuilt(medium)
    assert rebuilt.key != medium.key
    assert rebuilt.facts is not None
    assert medium.facts is not None
    assert (rebuilt.facts.width, rebuilt.facts.height) == (1600, 1600), "as it was uploaded"
    for name, picture in before.items():
        again = await darkroom.rendition(rebuilt, name)
        assert again.size == picture.size
        assert difference(again, picture) < 4
    assert await darkroom.flaws() == []


async def test_a_video_is_made_again_from_its_master(darkroom: Darkroom) -> None:
    video = {"kind": MediumKind.VIDEO, "content_type": "video/mp4"}
    data = clip(pictures=scene(1920, 1080, seconds=0.4))
    medium = await darkroom.published(data, **video)
    await darkroom.retired(medium)
    assert not await darkroom.kept(original_key, medium)
    rebuilt = await darkroom.rebuilt(medium)
    assert rebuilt.key != medium.key
    assert rebuilt.facts is not None
    assert (rebuilt.facts.width, rebuilt.facts.height) == (1920, 1080)
    for name in medium.file_names:
        key = rendition_key(rebuilt.media_id, rebuilt.key, name)
        assert (await darkroom.shape.blobs.stat(key)).size > 0, name
    assert await darkroom.flaws() == []


@pytest.mark.parametrize("damage", ["missing", "cut", "of another size"])
async def test_an_original_stays_while_a_rendition_is_not_as_it_should_be(
    darkroom: Darkroom, damage: str
) -> None:
    medium = await darkroom.published(small_jpeg(700, 500))
    blobs = darkroom.shape.blobs
    key = rendition_key(medium.media_id, medium.key, "w640.webp")
    whole = (await blobs.read(key, 0, 1 << 26)).data
    await blobs.delete(key)
    if damage == "cut":
        await blobs.put(key, _once(whole[: len(whole) // 2]))
    if damage == "of another size":
        small = rendition_key(medium.media_id, medium.key, "w320.webp")
        await blobs.put(key, blobs.stream(small))
    darkroom.clock.advance(ms=WEEK_MS + 1)
    await darkroom.hand_out()
    with pytest.raises(Damaged, match="w640"):
        await darkroom.work()
    assert await darkroom.kept(original_key, medium)
    assert (await darkroom.medium(medium)).source == Source.ORIGINAL


async def test_a_worker_that_dies_anywhere_leaves_what_is_needed(
    darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    medium = await darkroom.published(small_jpeg(700, 500))
    darkroom.clock.advance(ms=WEEK_MS + 1)
    blobs, allowed = darkroom.shape.blobs, 0
    delete = blobs.delete

    async def fragile(key: str) -> None:
        nonlocal allowed
        if not allowed:
            raise StorageFull("as good as dead")
        allowed -= 1
        await delete(key)

    monkeypatch.setattr(blobs, "delete", fragile)
    for deletes in (0, 1):  # before the master is made, and once the row names it
        allowed = deletes
        with pytest.raises(StorageFull):
            await darkroom.handlers.retire.retire(medium.media_id)
        assert await darkroom.kept(original_key, medium)
    assert (await darkroom.medium(medium)).source == Source.MASTER
    allowed = 1
    await darkroom.handlers.retire.retire(medium.media_id)
    assert not await darkroom.kept(original_key, medium)
    assert await darkroom.flaws() == []


@pytest.mark.parametrize("status", [Status.ARCHIVED, Status.FLAGGED])
async def test_whose_originals_make_way(darkroom: Darkroom, status: Status) -> None:
    medium = await darkroom.published(small_jpeg())
    await move(darkroom.shape, medium.post_id, status)
    darkroom.clock.advance(ms=WEEK_MS + 1)
    assert await darkroom.hand_out() == (status == Status.ARCHIVED), "not evidence"


async def test_a_purged_post_takes_its_master_along(darkroom: Darkroom) -> None:
    medium = await darkroom.retired(await darkroom.published(small_jpeg()))
    withdraw = darkroom.handlers.withdraw
    await withdraw.withdraw(medium.author_id, medium.post_id)
    await withdraw.purge(medium.author_id, medium.post_id)
    await darkroom.work()
    assert [blob async for blob in darkroom.shape.blobs.list("")] == []


async def test_a_lost_master_is_told(darkroom: Darkroom) -> None:
    medium = await darkroom.retired(await darkroom.published(small_jpeg()))
    await darkroom.shape.blobs.delete(master_key(medium.author_id, medium.media_id))
    assert await darkroom.flaws() == ["photos whose original is missing or damaged"]


async def test_the_default_keeps_originals(darkroom: Darkroom) -> None:
    kept = replace(darkroom.shape.settings, media=Settings().media)
    shape = Embedded(**{**vars(darkroom.shape), "settings": kept})
    assert retire_originals(shape) is None
