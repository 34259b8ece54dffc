"""The check of videos and GIFs while they arrive: told by content, whole, and cut into any chunks."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.kernel.errors import (
    BadMedia,
    BrokenVideo,
    NoPictures,
    NotAnImage,
    ProtectedVideo,
    TooLong,
    TooManyPixels,
    TruncatedImage,
    TruncatedVideo,
)
from calotype.uploads.headers.walker import Header
from calotype.uploads.inspect import Inspector
from calotype.uploads.settings import ImageLimits, VideoLimits
from tests.clips import X264, clip, scene

SHORT = scene(64, 48, rate=10, seconds=0.4)
VP9 = ("-c:v", "libvpx-vp9", "-b:v", "100k")


def inspect(*chunks: bytes) -> Header:
    inspector = Inspector(ImageLimits(), VideoLimits())
    for chunk in chunks:
        inspector.feed(chunk)
    return inspector.finish()


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def movie(seconds: int = 10, handler: bytes = b"vide", coding: bytes = b"avc1") -> bytes:
    mvhd = box(b"mvhd", bytes(12), struct.pack(">II", 1_000, seconds * 1_000), bytes(80))
    tkhd = box(b"tkhd", bytes(76), struct.pack(">II", 640 << 16, 360 << 16))
    stsd = box(b"stsd", bytes(4), struct.pack(">I", 1), struct.pack(">I4s", 86, coding), bytes(78))
    media = box(b"mdia", box(b"hdlr", bytes(8), handler), box(b"minf", box(b"stbl", stsd)))
    return box(b"moov", mvhd, box(b"trak", tkhd, media))


TYPE = box(b"ftyp", b"isom", bytes(4))
DATA = box(b"mdat", bytes(300))


@pytest.mark.parametrize(
    ("options", "suffix", "format_", "content_type"),
    [
        (X264, "mp4", "mp4", "video/mp4"),
        ((*X264, "-movflags", "+faststart"), "mp4", "mp4", "video/mp4"),
        ((*X264, "-movflags", "frag_keyframe+empty_moov"), "mp4", "mp4", "video/mp4"),
        (X264, "mov", "mov", "video/quicktime"),
        (VP9, "webm", "webm", "video/webm"),
        ((*VP9, "-live", "1"), "webm", "webm", "video/webm"),
        (X264, "mkv", "matroska", "video/x-matroska"),
    ],
)
def test_containers_are_told_by_content(
    options: tuple[str, ...], suffix: str, format_: str, content_type: str
) -> None:
    header = inspect(clip(*options, pictures=SHORT, suffix=suffix))
    assert (header.format, header.width, header.height) == (format_, 64, 48)
    assert (header.content_type, header.is_video, header.moves) == (content_type, True, True)
    assert not header.seconds or abs(header.seconds - 0.4) < 0.15


def test_a_gif_is_a_photo_or_an_animation_by_its_pictures() -> None:
    still = inspect(clip("-c:v", "gif", "-frames:v", "1", pictures=SHORT, suffix="gif"))
    assert (still.content_type, still.frames, still.moves) == ("image/gif", 1, False)
    moving = clip("-c:v", "gif", pictures=SHORT, suffix="gif")
    assert inspect(moving) == Header("gif", 64, 48, held=True, frames=4)
    assert inspect(moving[:-1]) == inspect(moving), "a missing trailer is forgiven"
    with pytest.raises(TruncatedImage):
        inspect(moving[:-30])


@given(data=st.data())
def test_chunks_and_cuts_change_no_answer(data: st.DataObject) -> None:
    suffix, options = data.draw(
        st.sampled_from([("mp4", X264), ("webm", VP9), ("gif", ("-c:v", "gif"))])
    )
    whole = clip(*options, pictures=SHORT, suffix=suffix)
    size = data.draw(st.integers(1, 400))
    assert inspect(*chunks(whole, size)) == inspect(whole)
    cut = whole[: data.draw(st.integers(0, len(whole) - 8))]
    one, other = outcome(cut), outcome(cut, size)
    assert one == other
    # A GIF may have been cut between two pictures.
    assert one is not None or suffix == "gif", "what stops short is never taken for complete"


def chunks(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)] or [b""]


def outcome(data: bytes, size: int = 1 << 20) -> str | None:
    try:
        inspect(*chunks(data, size))
    except BadMedia as error:
        return error.message
    return None


@given(data=st.data())
def test_wild_bytes_end_in_an_answer(data: st.DataObject) -> None:
    suffix, options = data.draw(st.sampled_from([("mp4", X264), ("webm", VP9), ("mkv", X264)]))
    wild = bytearray(clip(*options, pictures=SHORT, suffix=suffix))
    for _ in range(data.draw(st.integers(1, 20))):
        wild[data.draw(st.integers(0, len(wild) - 1))] = data.draw(st.integers(0, 255))
    outcome(bytes(wild), 777)


@pytest.mark.parametrize(
    ("data", "refusal", "words"),
    [
        (TYPE + DATA, BrokenVideo, "no index"),
        (TYPE + movie(), None, ""),
        (TYPE + movie() + DATA, None, ""),
        (TYPE + movie() + DATA + b"PK\x03\x04 and more", None, ""),
        (TYPE + movie() + DATA[:-1], TruncatedVideo, "stops"),
        (TYPE + movie()[:-1], TruncatedVideo, "stops"),
        (TYPE + movie(60) + DATA, None, ""),
        (TYPE + movie(61) + DATA, TooLong, "61 seconds"),
        (TYPE + movie(handler=b"soun") + DATA, NoPictures, "sound"),
        (TYPE + movie(coding=b"encv") + DATA, ProtectedVideo, "protected"),
        (TYPE + struct.pack(">I4sQ", 1, b"mdat", 3), BrokenVideo, "damaged"),
        (TYPE + movie() + struct.pack(">I4s", 0, b"mdat") + bytes(99), None, ""),
        (TYPE + box(b"moov", box(b"trak", box(b"trak", box(b"trak", box(b"trak", box(
            b"trak", box(b"trak", box(b"trak", box(b"trak"))))))))), BrokenVideo, "damaged"),
        (TYPE + box(b"moov", struct.pack(">I4s", 90, b"mvhd")), BrokenVideo, "damaged"),
        (b"\x1a\x45\xdf\xa3\x84\x42\x82\x81x" + bytes(40), BrokenVideo, "kind"),
        (b"\x1a\x45\xdf\xa3\x80" + bytes(40), BrokenVideo, "damaged"),
    ],
)  # fmt: skip
def test_boxes_and_elements_are_judged(
    data: bytes, refusal: type[BadMedia] | None, words: str
) -> None:
    if refusal is None:
        assert inspect(data).width == 640
        return
    with pytest.raises(refusal) as caught:
        inspect(data)
    assert words in caught.value.message


def test_a_side_beyond_the_limit_is_refused_before_the_data_come() -> None:
    inspector = Inspector(ImageLimits(), VideoLimits(max_side=600))
    with pytest.raises(TooManyPixels):
        inspector.feed(TYPE + movie())


def test_without_limits_for_videos_none_is_accepted() -> None:
    with pytest.raises(NotAnImage) as caught:
        Inspector(ImageLimits()).feed(TYPE + movie())
    assert caught.value.details["seems"] == "an MP4 video"
