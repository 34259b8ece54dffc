"""What the sweep removes and what it must never touch."""

import os
from collections.abc import AsyncIterator, Collection, Iterator
from pathlib import Path

import pytest

from calotype.blobs.adapters.disk import DiskBlobs
from calotype.kernel.errors import Misconfigured, Unavailable
from calotype.uploads import sweep
from calotype.uploads.keys import media_of, original_key
from calotype.uploads.settings import UploadSettings
from calotype.uploads.sweep import Sweep, Swept
from tests.clocks import ManualClock

pytestmark = pytest.mark.anyio

NOW_MS = 1_800_000_000_000
OLD_S = NOW_MS / 1000 - 3601
NEW_S = NOW_MS / 1000 - 3599


class KnownMedia:
    """References in memory: every id outside `known` is missing."""

    def __init__(self, *known: int) -> None:
        self.known = set(known)
        self.asked: list[set[int]] = []

    async def missing(self, media_ids: Collection[int]) -> set[int]:
        self.asked.append(set(media_ids))
        return set(media_ids) - self.known


class Away:
    async def missing(self, media_ids: Collection[int]) -> set[int]:
        raise Unavailable("away")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(root: Path) -> Iterator[DiskBlobs]:
    blobs = DiskBlobs(root)
    yield blobs
    blobs.close()


async def some() -> AsyncIterator[bytes]:
    yield b"12345"


async def put(blobs: DiskBlobs, root: Path, modified_s: float, *keys: str) -> None:
    for key in keys:
        await blobs.put(key, some())
        os.utime(root / key, (modified_s, modified_s))


async def keys(blobs: DiskBlobs) -> set[str]:
    return {info.key async for info in blobs.list("")}


async def test_old_blobs_of_missing_media_go(blobs: DiskBlobs, root: Path) -> None:
    kept = {"originals/7/1", "processed/1/k/w150.webp"}
    gone = {"originals/7/2", "processed/2/k/w150.webp", "processed/2/k/w320.webp"}
    await put(blobs, root, OLD_S, *kept, *gone)
    done = await Sweep(blobs, KnownMedia(1), ManualClock(NOW_MS), UploadSettings()).run()
    assert await keys(blobs) == kept
    assert done == Swept(seen=5, orphans=3, freed_bytes=15, leftovers=0)


async def test_within_the_grace_and_under_other_keys_nothing_goes(
    blobs: DiskBlobs, root: Path
) -> None:
    await put(blobs, root, NEW_S, "originals/7/2", "processed/2/k/w150.webp")
    strangers = {"originals/7/readme", "originals/3", "processed/4/x", "avatars/5", "backup/6/7"}
    await put(blobs, root, OLD_S, *strangers)
    references = KnownMedia()
    done = await Sweep(blobs, references, ManualClock(NOW_MS), UploadSettings()).run()
    assert await keys(blobs) == strangers | {"originals/7/2", "processed/2/k/w150.webp"}
    assert done == Swept(seen=0, orphans=0, freed_bytes=0, leftovers=0)
    assert references.asked == []


async def test_it_asks_in_batches(
    blobs: DiskBlobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 3)
    await put(blobs, root, OLD_S, *(f"originals/7/{number}" for number in range(1, 8)))
    references = KnownMedia(3, 5)
    done = await Sweep(blobs, references, ManualClock(NOW_MS), UploadSettings()).run()
    assert await keys(blobs) == {"originals/7/3", "originals/7/5"}
    assert [len(ids) for ids in references.asked] == [3, 3, 1]
    assert (done.seen, done.orphans) == (7, 5)


async def test_leftovers_of_killed_writes_go(blobs: DiskBlobs, root: Path) -> None:
    for name, modified_s in (("old", OLD_S), ("new", NEW_S)):
        (root / "tmp" / name).write_bytes(b"x")
        os.utime(root / "tmp" / name, (modified_s, modified_s))
    done = await Sweep(blobs, KnownMedia(), ManualClock(NOW_MS), UploadSettings()).run()
    assert done.leftovers == 1
    assert (root / "tmp" / "new").exists()


async def test_without_an_answer_nothing_goes(blobs: DiskBlobs, root: Path) -> None:
    await put(blobs, root, OLD_S, "originals/7/1")
    with pytest.raises(Unavailable):
        await Sweep(blobs, Away(), ManualClock(NOW_MS), UploadSettings()).run()
    assert await keys(blobs) == {"originals/7/1"}


def test_the_grace_is_longer_than_any_request(blobs: DiskBlobs) -> None:
    Sweep(blobs, KnownMedia(), ManualClock(NOW_MS), UploadSettings())
    with pytest.raises(Misconfigured):
        Sweep(
            blobs, KnownMedia(), ManualClock(NOW_MS), UploadSettings(sweep_grace_s=600, total_s=600)
        )


@pytest.mark.parametrize(
    ("key", "media_id"),
    [
        (original_key(7, 9), 9),
        ("processed/9/key/w150.webp", 9),
        ("originals/7/9/x", None),
        ("originals/7/0", None),
        ("originals/7/9223372036854775808", None),
        ("originals/7/-9", None),
        ("processed/9/w150.webp", None),
        ("avatars/9", None),
    ],
)
def test_a_key_names_its_media(key: str, media_id: int | None) -> None:
    assert media_of(key) == media_id
