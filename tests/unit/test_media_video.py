"""What becomes of a video, through the transcoder's door: each kind that phones and others make."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from calotype.kernel.errors import (
    BadMedia,
    BrokenVideo,
    DecoderCrashed,
    NoPictures,
    TooLong,
    TooManyPixels,
    UnknownCodec,
)
from calotype.media.video.settings import VideoSettings
from calotype.media.video.transcoder import Film, Transcoder
from tests.clips import (
    BLUE,
    GREEN,
    RED,
    SECRETS,
    WHITE,
    X264,
    Seen,
    clip,
    corners,
    distance,
    look,
    picture_at,
    remade,
    scene,
)

pytestmark = pytest.mark.anyio

UPRIGHT = [RED, GREEN, BLUE, WHITE]
SURROUND = "sine=d=1:r=48000,pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0"
VP9 = ("-c:v", "libvpx-vp9", "-b:v", "300k", "-cpu-used", "8")
HDR = (
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=none",
    "-tag:v",
    "hvc1",
)


class Made(msgspec.Struct, frozen=True):
    """A film's facts and the bytes of its files."""

    film: Film
    large: bytes
    small: bytes
    seen: Seen


@asynccontextmanager
async def filming(data: bytes, directory: Path, **settings: object) -> AsyncIterator[Film]:
    original = directory / "original"
    original.write_bytes(data)
    scratch = directory / "scratch"
    transcoder = Transcoder(msgspec.convert(settings, VideoSettings), scratch)
    try:
        async with transcoder.film(original) as film:
            yield film
    finally:
        assert list(scratch.iterdir()) == []


async def made_of(data: bytes, directory: Path, **settings: object) -> Made:
    """The film of a clip, after what holds of every film was checked."""
    async with filming(data, directory, **settings) as film:
        large, small = (film.files[name].read_bytes() for name in ("720p.mp4", "480p.mp4"))
        assert film.poster.read_bytes().startswith(b"\x89PNG")
    for file in (large, small):
        seen = look(file)
        assert (seen.codec, seen.pixel_format, seen.turn) == ("h264", "yuv420p", 0)
        assert seen.aspect == 1
        assert seen.colours in {(1, 1, 1), (1, 1, 6), (2, 2, 2)}, "BT.709, or copied"
        assert seen.first_box_after_type == "moov", "it plays from its first bytes"
        assert (seen.sound in {"aac", ""}, seen.channels <= 2) == (True, True)
        assert seen.tracks == 1 + bool(seen.sound)
        assert not [secret for secret in SECRETS if secret in file]
        assert seen.metadata.pop("encoder", "Lavc libx264") == "Lavc libx264"
        assert set(seen.metadata) <= {
            "major_brand", "minor_version", "compatible_brands", "handler_name", "language",
            "vendor_id",
        }  # fmt: skip
    seen = look(large)
    assert abs(film.seconds - seen.seconds) < 0.1
    assert film.sound == bool(seen.sound)
    return Made(film, large, small, seen)


def looks(made: Made, expected: list[tuple[int, int, int]], tolerance: int = 12) -> None:
    for file in (made.large, made.small):
        for seen, wanted in zip(corners(picture_at(file, 0.5)), expected, strict=True):
            assert distance(seen, wanted) < tolerance, (seen, wanted)


async def test_a_video_that_fits_is_copied_without_what_it_told(tmp_path: Path) -> None:
    data = clip(*X264, "-c:a", "aac", sound="sine=d=1:r=48000")
    assert all(secret in data for secret in SECRETS[:3])
    made = await made_of(data, tmp_path)
    assert picture_at(made.large, 0.5).tobytes() == picture_at(data, 0.5).tobytes()
    assert made.large == made.small
    assert (made.seen.size, made.seen.sound, made.seen.channels) == ((320, 180), "aac", 1)
    assert (made.film.width, made.film.height) == (320, 180)
    looks(made, UPRIGHT)


async def test_a_large_one_becomes_720p_and_480p(tmp_path: Path) -> None:
    made = await made_of(clip(*X264, pictures=scene(1920, 1080, seconds=0.4)), tmp_path)
    assert (made.film.width, made.film.height) == (1920, 1080)
    assert (made.seen.size, look(made.small).size) == ((1280, 720), (854, 480))
    assert made.seen.profile == "High"
    looks(made, UPRIGHT)


@pytest.mark.parametrize(
    ("turned", "expected"),
    [
        (90, [GREEN, WHITE, RED, BLUE]),
        (180, [WHITE, BLUE, GREEN, RED]),
        (270, [BLUE, RED, WHITE, GREEN]),
    ],
)
async def test_pictures_are_turned_upright(
    tmp_path: Path, turned: int, expected: list[tuple[int, int, int]]
) -> None:
    made = await made_of(clip(*X264, turned=turned, suffix="mov"), tmp_path)
    upright = (320, 180) if turned == 180 else (180, 320)
    assert made.seen.size == (made.film.width, made.film.height) == upright
    looks(made, expected)


async def test_a_mirror_is_looked_into(tmp_path: Path) -> None:
    looks(await made_of(clip(*X264, mirrored=True), tmp_path), [GREEN, RED, WHITE, BLUE])


@pytest.mark.parametrize(
    ("name", "options", "suffix", "sound"),
    [
        ("vp8", ("-vf", "scale=out_color_matrix=bt601", "-c:v", "libvpx", "-b:v", "500k", "-c:a", "libopus"), "webm", "sine=d=1"),
        ("vp9", (*VP9, "-c:a", "libopus"), "webm", "sine=d=1"),
        ("av1, 10 bit", ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p10le"), "mp4", ""),
        ("hevc", (*HDR, "-pix_fmt", "yuv420p"), "mov", ""),
        ("prores", ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"), "mov", ""),
        ("matroska", (*X264, "-c:a", "libvorbis"), "mkv", "sine=d=1"),
        ("pcm", (*X264, "-c:a", "pcm_s24le", "-ar", "96000"), "mov", "sine=d=1"),
        ("surround", (*X264, "-c:a", "aac"), "mp4", SURROUND),
        ("fragmented", (*X264, "-movflags", "frag_keyframe+empty_moov"), "mp4", ""),
        ("timecode", (*X264, "-timecode", "01:00:00:00"), "mov", ""),
        ("full range", ("-vf", "scale=out_range=pc", "-c:v", "libx264", "-pix_fmt", "yuvj420p"), "mp4", ""),
        ("bt.601", ("-vf", "scale=out_color_matrix=bt601,setparams=colorspace=smpte170m", *X264), "mp4", ""),
        ("4:4:4", ("-c:v", "libx264", "-pix_fmt", "yuv444p"), "mp4", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_kinds_that_others_make(
    tmp_path: Path, name: str, options: tuple[str, ...], suffix: str, sound: str
) -> None:
    made = await made_of(clip(*options, suffix=suffix, sound=sound or None), tmp_path)
    assert made.seen.size == (320, 180)
    assert abs(made.seen.seconds - 1) < 0.1
    assert made.film.sound == bool(sound)
    looks(made, UPRIGHT)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
async def test_hdr_is_shown_as_sdr(tmp_path: Path, transfer: str) -> None:
    """White at BT.2408's 203 cd/m2 stays near white, colours keep their hue."""
    to_hdr = (
        f"zscale=pin=709:tin=709:min=709:rin=limited:t=linear:npl=203,format=gbrpf32le,"
        f"zscale=p=2020:t={transfer}:m=2020_ncl:r=limited:npl=203,format=yuv420p10le"
    )
    made = await made_of(clip("-vf", to_hdr, *HDR, suffix="mov"), tmp_path)
    red, green, blue, white = corners(picture_at(made.large, 0.5))
    assert min(white) > 180
    assert max(white) - min(white) < 15
    assert red[0] > 2 * max(red[1:])
    assert green[1] > 1.5 * max(green[0], green[2])
    assert blue[2] > 2 * max(blue[:2])


async def test_pixels_become_square(tmp_path: Path) -> None:
    made = await made_of(
        clip("-vf", "setsar=64/45", *X264, pictures=scene(720, 576, seconds=0.4)), tmp_path
    )
    assert (made.film.width, made.film.height) == (1024, 576)
    assert made.seen.size == (1024, 576)


async def test_odd_sides_become_even_and_extreme_ones_fit(tmp_path: Path) -> None:
    odd = await made_of(clip(*VP9, pictures="testsrc=s=321x181:d=0.4", suffix="webm"), tmp_path)
    assert (odd.film.width, odd.film.height, odd.seen.size) == (321, 181, (320, 180))
    tall = await made_of(clip(*X264, pictures="testsrc=s=64x2400:d=0.2"), tmp_path)
    assert tall.seen.size == (52, 1920)
    tiny = await made_of(clip(*X264, pictures="color=red:s=2x2:d=0.4"), tmp_path)
    assert tiny.seen.size == (2, 2)


async def test_pictures_a_second_are_capped_and_uneven_ones_kept(tmp_path: Path) -> None:
    fast = await made_of(clip(*X264, pictures=scene(rate=240, seconds=0.5)), tmp_path)
    assert abs(fast.seen.frames - 30) <= 1
    uneven = clip("-vf", "select='not(mod(n,3))+lt(n,9)'", "-fps_mode", "vfr", *X264)
    made = await made_of(uneven, tmp_path)
    assert (made.seen.frames, abs(made.seen.seconds - look(uneven).seconds) < 0.05) == (
        look(uneven).frames,
        True,
    )


async def test_interlaced_pictures_are_woven_into_whole_ones(tmp_path: Path) -> None:
    data = clip(
        "-vf", "interlace", *X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1",
        pictures=scene(360, 288, rate=50, seconds=0.6),
    )  # fmt: skip
    made = await made_of(data, tmp_path)
    looks(made, UPRIGHT)
    assert picture_at(made.large).tobytes() != picture_at(data).tobytes()


async def test_what_an_edit_list_hides_stays_hidden(tmp_path: Path) -> None:
    whole = clip(*X264, "-g", "25", pictures=scene(seconds=2.0))
    trimmed = remade(whole, "-c", "copy", before=("-ss", "0.6"))
    made = await made_of(trimmed, tmp_path)
    assert abs(made.seen.seconds - 1.4) < 0.1


@pytest.mark.parametrize(
    ("suffix", "codec", "exact"),
    [
        ("gif", "gif", ()),
        ("webp", "libwebp_anim", ("-lossless", "1", "-pix_fmt", "bgra")),
        ("apng", "apng", ()),
    ],
)
async def test_an_animation_becomes_a_silent_video(
    tmp_path: Path, suffix: str, codec: str, exact: tuple[str, ...]
) -> None:
    data = clip("-c:v", codec, *exact, pictures=scene(rate=10), suffix=suffix)
    made = await made_of(data, tmp_path)
    assert not made.film.sound
    assert abs(made.seen.seconds - 1) < 0.11
    looks(made, UPRIGHT, tolerance=20)


async def test_a_gif_that_asks_for_no_delay_plays_as_in_browsers(tmp_path: Path) -> None:
    data = bytearray(clip("-c:v", "gif", pictures=scene(rate=10), suffix="gif"))
    at, pictures = 0, 0
    while (at := data.find(b"\x21\xf9\x04", at)) >= 0:
        data[at + 4 : at + 6] = b"\x01\x00"
        at, pictures = at + 8, pictures + 1
    made = await made_of(bytes(data), tmp_path)
    assert abs(made.seen.seconds - pictures * 0.1) < 0.11


@pytest.mark.parametrize(
    ("data", "refusal", "words"),
    [
        (lambda: clip(*X264, pictures="color=red:s=64x64:r=2:d=75"), TooLong, "75 seconds"),
        (lambda: clip("-c:a", "aac", pictures="", sound="sine=d=1"), NoPictures, "no pictures"),
        (lambda: clip("-c:v", "mpeg1video", suffix="mkv"), UnknownCodec, "mpeg1video"),
        (lambda: b"ffconcat version 1.0\nfile '/etc/passwd'\n", UnknownCodec, "choose"),
        (lambda: b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n", UnknownCodec, "choose"),
        (lambda: clip()[: len(clip()) // 2], BrokenVideo, "damaged"),
        (lambda: b"\0\0\0\x20ftypisom" + bytes(500), BrokenVideo, "damaged"),
        (lambda: clip(*X264, pictures="color=red:s=8200x64:d=0.1"), TooManyPixels, "8200 x 64"),
    ],
)  # fmt: skip
async def test_what_cannot_be_shown_is_refused_in_words(
    tmp_path: Path, data: "object", refusal: type[BadMedia], words: str
) -> None:
    assert callable(data)
    with pytest.raises(refusal) as caught:
        await made_of(data(), tmp_path)
    assert words in caught.value.message


async def test_a_length_that_was_not_declared_is_measured(tmp_path: Path) -> None:
    endless = clip(*VP9, "-live", "1", pictures="color=red:s=64x64:r=5:d=70", suffix="webm")
    with pytest.raises(TooLong):
        await made_of(endless, tmp_path)
    slow = clip("-c:v", "gif", pictures="testsrc=s=32x32:r=1:d=66", suffix="gif")
    with pytest.raises(TooLong):
        await made_of(slow, tmp_path)


async def test_a_process_beyond_its_memory_costs_a_try(tmp_path: Path) -> None:
    data = clip(*X264, pictures=scene(1920, 1080, seconds=0.4))
    with pytest.raises(DecoderCrashed):
        await made_of(data, tmp_path, memory_bytes=80 << 20)


async def test_what_stands_still_is_killed(tmp_path: Path) -> None:
    data = clip(*X264, pictures=scene(1920, 1080, seconds=0.4))
    with pytest.raises(DecoderCrashed):
        await made_of(data, tmp_path, job_seconds=0.05)


async def test_cancelling_ends_the_processes(tmp_path: Path) -> None:
    data = clip(*VP9, pictures=scene(1920, 1080, seconds=1.0), suffix="webm")
    (tmp_path / "original").write_bytes(data)
    begun = asyncio.Event()

    async def told(_percent: int) -> None:
        begun.set()

    async def film() -> None:
        transcoder = Transcoder(VideoSettings(), tmp_path / "scratch")
        async with transcoder.film(tmp_path / "original", told):
            pass

    filming_ = asyncio.create_task(film())
    await begun.wait()
    filming_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filming_
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not children()


def children() -> list[int]:
    mine = Path("/proc/self/task")
    pids = [pid for task in mine.iterdir() for pid in (task / "children").read_text().split()]
    return [int(pid) for pid in pids if b"ffmpeg" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_the_percentage_rises(tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(clip(*VP9, pictures=scene(1280, 720), suffix="webm"))
    heard: list[int] = []

    async def told(percent: int) -> None:
        heard.append(percent)

    transcoder = Transcoder(VideoSettings(), tmp_path / "scratch")
    async with transcoder.film(tmp_path / "original", told):
        pass
    assert heard == sorted(heard)
    assert 0 <= heard[0] <= heard[-1] <= 99


async def test_a_predecessors_scratch_is_cleared(tmp_path: Path) -> None:
    left = tmp_path / "scratch" / "left"
    left.mkdir(parents=True)
    Transcoder(VideoSettings(), tmp_path / "scratch").clear()
    assert not left.exists()
