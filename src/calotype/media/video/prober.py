"""A prober: one process that says what one video file holds, and ends.

`python -m calotype.media.video.prober LIMITS`, with ProbeLimits as JSON and the file as standard
input; the Report comes as JSON on standard output. It opens nothing but that descriptor, reads
every packet's header (so that lengths are measured, not believed), and decodes a single picture.
"""

import os
import struct
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import av
import msgspec

from calotype.kernel.errors import (
    BadMedia,
    BrokenVideo,
    NoPictures,
    ProtectedVideo,
    TooLong,
    TooManyPixels,
    UnknownCodec,
)
from calotype.media.confinement import confine
from calotype.media.video.clip import Animation, Clip, Refused, Report, Sound
from calotype.media.video.codecs import PICTURES, SOUNDS, demuxer_of

_ANIMATED = ("GIF", "PNG", "WEBP")
_ENCRYPTED_TAGS = {"encv", "enca", "drmi", "drms"}
# A key picture that cannot be decoded may be followed by one that can.
_TRIED = 60
_START_S = 0.1  # what encoders with reordering leave before the first picture


class ProbeLimits(msgspec.Struct, frozen=True):
    """The part of VideoSettings that decides what is refused, and what the prober may use."""

    max_seconds: float
    max_side: int
    max_pixels: int
    max_animation_pixels: int
    memory_bytes: int
    cpu_seconds: int


class _Measured(msgspec.Struct, frozen=True):
    """A picture track's facts; see Clip."""

    seconds: float
    frames: int
    bits: int
    key_gap: float
    plain: bool


def probe(descriptor: int, limits: ProbeLimits) -> Clip | Animation:
    """What the open file holds.

    Raises:
        BadMedia: the file is at fault; the subclass and its message say how.
    """
    head = os.pread(descriptor, 64, 0)
    demuxer = demuxer_of(head)
    if demuxer is None:
        raise UnknownCodec(
            "this file is not a video of a kind that can be shown here; "
            "choose an MP4, MOV or WebM file"
        )
    if demuxer in {"gif", "webp_anim", "apng"}:
        return _animation(descriptor, demuxer, limits)
    try:
        with _opened(demuxer) as file:
            return _clip(file, demuxer, limits)
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise _broken() from error


def _animation(descriptor: int, demuxer: str, limits: ProbeLimits) -> Animation:
    # Few files are animations, and Pillow takes a third of the start.
    from PIL import Image

    try:
        with Image.open(os.fdopen(os.dup(descriptor), "rb"), formats=_ANIMATED) as picture:
            width, height = picture.size
            _check_size(width, height, limits)
            frames = int(getattr(picture, "n_frames", 1))
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise _broken() from error
    if width * height * frames > limits.max_animation_pixels:
        raise TooManyPixels(
            f"this animation has {frames} pictures of {width} x {height} pixels, more than can be "
            "played smoothly; make it smaller or shorter"
        )
    return Animation(demuxer, width, height, frames)


def _opened(demuxer: str) -> "av.container.InputContainer":
    options = {"protocol_whitelist": "fd", "format_whitelist": demuxer}
    return av.open("fd:", format=demuxer, options=options, metadata_errors="replace")


def _clip(file: "av.container.InputContainer", demuxer: str, limits: ProbeLimits) -> Clip:
    pictures = _picture_track(file)
    codec = pictures.codec_context
    if codec.codec_tag in _ENCRYPTED_TAGS:
        raise ProtectedVideo(
            "this video is protected against copying, so it cannot be shown here; choose another"
        )
    if codec.name not in PICTURES or not codec.width:
        raise UnknownCodec(
            f"the pictures in this video are encoded as {codec.name}, which cannot be read here; "
            "save it as H.264 and send that"
        )
    _check_size(codec.width, codec.height, limits)
    measured = _measure(file, pictures, limits)
    turn, mirrored, interlaced = _first_picture(file, pictures)
    aspect = pictures.sample_aspect_ratio
    return Clip(
        demuxer=demuxer,
        index=pictures.index,
        codec=codec.name,
        profile=str(codec.profile or ""),
        pixel_format=codec.format.name if codec.format else "",
        width=codec.width,
        height=codec.height,
        pixel_aspect=float(aspect) if aspect else 1.0,
        turn=turn,
        mirrored=mirrored,
        interlaced=interlaced or int(codec.field_order or 0) > 1,
        full_range=int(codec.color_range or 0) == 2,
        matrix=int(codec.colorspace),
        primaries=int(codec.color_primaries),
        transfer=int(codec.color_trc),
        seconds=measured.seconds,
        frames=measured.frames,
        bits=measured.bits,
        key_gap=measured.key_gap,
        plain=measured.plain,
        sound=_sound(file),
    )


def _picture_track(file: "av.container.InputContainer") -> "av.VideoStream":
    cover = av.stream.Disposition.attached_pic
    tracks = [track for track in file.streams.video if not track.disposition & cover]
    if not tracks:
        raise NoPictures("this file has no pictures in it, at most a sound; choose a video")
    main = av.stream.Disposition.default

    def rank(track: "av.VideoStream") -> tuple[bool, int]:
        codec = track.codec_context
        return bool(track.disposition & main), codec.width * codec.height

    return max(tracks, key=rank)


def _check_size(width: int, height: int, limits: ProbeLimits) -> None:
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise TooManyPixels(
            f"this video is {width} x {height} pixels; no side may be longer than "
            f"{limits.max_side}, and {limits.max_pixels // 1_000_000} million pixels are the most: "
            "make it smaller and send that"
        )


def _measure(
    file: "av.container.InputContainer", track: "av.VideoStream", limits: ProbeLimits
) -> "_Measured":
    """What only the packets tell: the length, the pictures, the bits, the key pictures."""
    assert track.time_base
    first = last = key = None
    gap = 0.0
    frames = size = 0
    plain = True
    for packet in file.demux(track):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or not packet.size:
            continue
        if packet.is_discard:  # an edit list hides it
            plain = False
            continue
        time = float(stamp * track.time_base)
        if first is None:
            first = last = key = time
            plain = plain and packet.is_keyframe and abs(time) < _START_S
        assert last is not None
        assert key is not None
        first = min(first, time)
        last = max(last, time + float((packet.duration or 0) * track.time_base))
        if last - first > limits.max_seconds + 0.5:
            raise too_long(max(last - first, _declared_seconds(file)), limits.max_seconds)
        if packet.is_keyframe:
            gap, key = max(gap, time - key), time
        frames, size = frames + 1, size + packet.size
    if first is None or last is None or key is None:
        raise _broken()
    seconds = last - first
    return _Measured(
        seconds=seconds,
        frames=frames,
        bits=int(size * 8 / seconds) if seconds > 0 else 0,
        key_gap=max(gap, last - key),
        plain=plain,
    )


def _declared_seconds(file: "av.container.InputContainer") -> float:
    return (file.duration or 0) / 1_000_000


def _first_picture(
    file: "av.container.InputContainer", track: "av.VideoStream"
) -> tuple[int, bool, bool]:
    """Of the first picture that can be decoded: its turn, whether it is mirrored, interlaced."""
    file.seek(0)
    track.codec_context.thread_count = 1  # more would decode pictures that nobody wants
    for picture in _pictures(file, track):
        # The matrix turns anticlockwise; a negative determinant mirrors.
        turn = round(-picture.rotation / 90) * 90 % 360
        return turn, _is_mirrored(picture), bool(picture.interlaced_frame)
    raise _broken()


def _pictures(
    file: "av.container.InputContainer", track: "av.stream.Stream"
) -> "Iterator[av.VideoFrame]":
    for packet in islice(file.demux(track), _TRIED):
        try:
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    yield frame
        except av.FFmpegError:
            continue


def _is_mirrored(picture: "av.VideoFrame") -> bool:
    matrix: Any = picture.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return False
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    return bool(a * d < b * c)


def _sound(file: "av.container.InputContainer") -> Sound | None:
    """The first sound track that can be read: phones put others beside it that nobody can."""
    for track in file.streams.audio:
        codec = track.codec_context
        if codec.name not in SOUNDS or codec.codec_tag in _ENCRYPTED_TAGS:
            continue
        if not codec.channels or not codec.sample_rate:
            continue
        return Sound(
            index=track.index,
            codec=codec.name,
            profile=str(codec.profile or ""),
            channels=codec.channels,
            rate=codec.sample_rate,
            bits=codec.bit_rate or 0,
        )
    return None


def too_long(seconds: float, limit: float) -> TooLong:
    """The refusal of what lasts `seconds`, in words."""
    return TooLong(
        f"this video is {spoken(seconds)} long, and {spoken(limit)} are the most: "
        "make it shorter and send that",
        limit=limit,
    )


def spoken(seconds: float) -> str:
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if whole <= 90:
        return f"{whole} seconds"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _broken() -> BrokenVideo:
    return BrokenVideo(
        "this video is damaged and cannot be read; see whether it plays on your device, "
        "save it anew and send that"
    )


def _report(limits: ProbeLimits) -> Report:
    try:
        return probe(0, limits)
    except BadMedia as error:
        return Refused(error.code, error.message)


def main() -> None:
    av.logging.set_level(None)
    limits = msgspec.json.decode(sys.argv[1], type=ProbeLimits)
    confine(limits.memory_bytes, cpu_seconds=limits.cpu_seconds)
    sys.stdout.buffer.write(msgspec.json.encode(_report(limits)))


if __name__ == "__main__":
    main()
