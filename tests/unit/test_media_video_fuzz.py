"""Mutated clips: each ends as a video or with a reason, in bounded time, and no process is left."""

import asyncio
import random
import struct
from pathlib import Path

import pytest

from calotype.kernel.errors import BadMedia, DecoderCrashed
from calotype.media.video.settings import VideoSettings
from calotype.media.video.transcoder import Transcoder
from calotype.uploads.inspect import Inspector
from calotype.uploads.settings import ImageLimits, VideoLimits
from tests.clips import X264, clip, look, scene

pytestmark = pytest.mark.anyio

AT_ONCE = 3
SETTINGS = VideoSettings(threads=1, job_seconds=20.0, stalled_seconds=10.0)
SHORT = scene(64, 48, rate=10, seconds=0.4)


def corpus() -> list[bytes]:
    vp9 = ("-c:v", "libvpx-vp9", "-b:v", "100k")
    hevc = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
    return [
        clip(*X264, "-c:a", "aac", pictures=SHORT, sound="sine=d=0.4"),
        clip(*X264, "-movflags", "frag_keyframe+empty_moov", pictures=SHORT, suffix="mov"),
        clip(*hevc, pictures=SHORT, suffix="mov"),
        clip(*vp9, "-c:a", "libopus", pictures=SHORT, sound="sine=d=0.4", suffix="webm"),
        clip("-c:v", "gif", pictures=SHORT, suffix="gif"),
        clip("-c:v", "libwebp_anim", pictures=SHORT, suffix="webp"),
        clip("-c:v", "apng", pictures=SHORT, suffix="apng"),
    ]


def mutated(whole: bytes, chance: random.Random) -> bytes:
    """Wild bits, wild numbers, a part cut out, or a part twice."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(12, len(data) - 8)
        match chance.choice((0, 0, 1, 1, 2, 2, 3, 4)):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at : at + 4] = struct.pack(">I", chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF)))
            case 2:
                data[at : at + 20] = chance.randbytes(20)
            case 3:
                del data[at : at + chance.randrange(1, 200)]
            case _:
                data[at:at] = data[at : at + chance.randrange(1, 200)]
    return bytes(data)


@pytest.mark.parametrize("count", [100, pytest.param(5_000, marks=pytest.mark.soak)])
async def test_mutated_clips_end_in_a_video_or_a_reason(tmp_path: Path, count: int) -> None:
    chance = random.Random(1841)
    whole = corpus()
    places = asyncio.Semaphore(AT_ONCE)

    async def end(number: int) -> str:
        async with places:
            data = mutated(whole[number % len(whole)], chance)
            return await ending(stored(data, tmp_path / str(number)), number)

    endings = await asyncio.gather(*(end(number) for number in range(count)))
    assert {"video", "refused"} <= set(endings), "it is worth its while"
    assert endings.count("crashed") <= count // 20


def stored(data: bytes, directory: Path) -> Path:
    directory.mkdir()
    original = directory / "original"
    original.write_bytes(data)
    return original


async def ending(original: Path, number: int) -> str:
    # Every tenth goes on to the decoders, whatever the check on arrival says.
    if not is_admitted(original) and number % 10:
        return "refused"
    scratch = original.parent / "scratch"
    try:
        async with Transcoder(SETTINGS, scratch).film(original) as film:
            assert {look_at(path) for path in film.files.values()} == {"h264"}
            return "video"
    except BadMedia:
        return "refused"
    except DecoderCrashed:
        return "crashed"
    finally:
        assert list(scratch.iterdir()) == []


def is_admitted(original: Path) -> bool:
    inspector = Inspector(ImageLimits(), VideoLimits())
    try:
        inspector.feed(original.read_bytes())
        inspector.finish()
    except BadMedia:
        return False
    return True


def look_at(path: Path) -> str:
    return look(path.read_bytes()).codec
