"""Test clips made by the ffmpeg that comes with the libraries: a second of four coloured corners."""

import functools
import io
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import msgspec
from PIL import Image, ImageStat

from calotype.media.video.commands import ffmpeg

SECRETS = (b"+48.8584", b"Daguerre", b"Boulevard", b"2024-05-01", b"Lavf", b"x264 - core")
_METADATA = (
    "location=+48.8584+002.2945/", "make=Daguerre", "comment=Boulevard du Temple",
    "creation_time=2024-05-01T10:00:00Z", "com.apple.quicktime.make=Daguerre",
)  # fmt: skip
# Red, green / blue, white, and a grey bar that moves, so that there is something to encode.
RED, GREEN, BLUE, WHITE = (200, 40, 40), (40, 180, 60), (40, 60, 200), (235, 235, 235)
X264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")


def scene(width: int = 320, height: int = 180, rate: int = 25, seconds: float = 1.0) -> str:
    """A source for ffmpeg: a colour in each corner, and a moving bar."""
    size = f"s={width // 2}x{height // 2}:r={rate}:d={seconds}"
    quarters = (f"color=0x{bytes(colour).hex()}:{size}" for colour in (RED, GREEN, BLUE, WHITE))
    red, green, blue, white = quarters
    bar = f"color=gray:s=8x8:r={rate}:d={seconds}"
    return (
        f"{red}[r];{green}[g];{blue}[b];{white}[w];[r][g]hstack[top];[b][w]hstack[low];"
        f"[top][low]vstack[all];{bar}[bar];[all][bar]overlay=x=n*2:y=h/2-4:shortest=1,format=rgb24,"
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,"
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    )


@functools.cache
def clip(
    *options: str,
    pictures: str | None = None,
    sound: str | None = None,
    suffix: str = "mp4",
    turned: int | None = None,
    mirrored: bool = False,
) -> bytes:
    """A file made with these output options, full of secrets.

    Args:
        options: codecs and whatever else; H.264 in 4:2:0 unless given.
        pictures: a source of ffmpeg's lavfi, `scene()` unless given; empty: none.
        sound: the same for the sound; none unless given.
        suffix: of the file's name, which decides its container.
        turned: degrees that a player is told to turn the pictures anticlockwise.
        mirrored: whether it is told to mirror them.
    """
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / f"clip.{suffix}"
        inputs: list[str] = []
        for source in (scene() if pictures is None else pictures, sound):
            inputs += ["-f", "lavfi", "-i", source] if source else []
        tagged = ["-movflags", "+use_metadata_tags"] if suffix in {"mp4", "mov"} else []
        made = ["-shortest", *tagged, *(options or X264)]
        for secret in _METADATA:
            made += ["-metadata", secret]
        _ffmpeg(*inputs, *made, str(target))
        if turned is not None or mirrored:
            placed = Path(directory) / f"turned.{suffix}"
            matrix = ["-display_hflip"] if mirrored else ["-display_rotation", str(turned)]
            _ffmpeg(*matrix, "-i", str(target), "-c", "copy", "-map", "0", str(placed))
            target = placed
        return target.read_bytes()


def remade(data: bytes, *options: str, suffix: str = "mp4", before: tuple[str, ...] = ()) -> bytes:
    """The clip, through ffmpeg once more."""
    with tempfile.TemporaryDirectory() as directory:
        source, target = Path(directory) / "source", Path(directory) / f"clip.{suffix}"
        source.write_bytes(data)
        _ffmpeg(*before, "-i", str(source), *options, str(target))
        return target.read_bytes()


def _ffmpeg(*arguments: str) -> None:
    command = [ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    subprocess.run(command, check=True)


class Seen(msgspec.Struct, frozen=True):
    """What an independent look at a video file finds."""

    codec: str
    profile: str
    pixel_format: str
    size: tuple[int, int]
    aspect: Fraction
    turn: int
    seconds: float
    frames: int
    sound: str
    channels: int
    first_box_after_type: str
    metadata: dict[str, str]
    tracks: int
    colours: tuple[int, int, int]
    """Primaries, transfer and matrix, by H.273."""


def look(data: bytes) -> Seen:
    with av.open(io.BytesIO(data), "r") as file:
        track = file.streams.video[0]
        codec = track.codec_context
        sounds = file.streams.audio
        metadata = dict(file.metadata)
        for stream in file.streams:
            metadata |= stream.metadata
        stamps: list[float] = []
        turn, end = 0, 0.0
        for frame in file.decode(track):
            turn = frame.rotation
            stamps.append(float(frame.time or 0))
            end = float(((frame.pts or 0) + frame.duration) * (track.time_base or 0))
        return Seen(
            codec=codec.name,
            profile=str(codec.profile),
            pixel_format=str(codec.pix_fmt),
            size=(codec.width, codec.height),
            aspect=track.sample_aspect_ratio or Fraction(1),
            turn=turn,
            seconds=end - stamps[0],
            frames=len(stamps),
            sound=sounds[0].codec_context.name if sounds else "",
            channels=sounds[0].codec_context.channels if sounds else 0,
            first_box_after_type=_first_box_after_type(data),
            metadata=metadata,
            tracks=len(file.streams),
            colours=(int(codec.color_primaries), int(codec.color_trc), int(codec.colorspace)),
        )


def _first_box_after_type(data: bytes) -> str:
    """The kind of an MP4's second box; meaningless for other containers."""
    second = int.from_bytes(data[:4], "big")
    return data[second + 4 : second + 8].decode("latin-1")


def picture_at(data: bytes, seconds: float = 0.0) -> Image.Image:
    """The frame shown at that time, as stored."""
    with av.open(io.BytesIO(data), "r") as file:
        shown = None
        for frame in file.decode(video=0):
            if shown is not None and float(frame.time or 0) > seconds:
                break
            shown = frame
        assert shown is not None
        return Image.fromarray(shown.to_ndarray(format="rgb24"))


def corners(picture: Image.Image) -> list[tuple[int, int, int]]:
    """Mean colours near the corners: top left, top right, bottom left, bottom right."""
    width, height = picture.size
    wide, high = max(1, width // 5), max(1, height // 5)
    found = []
    for top in (0, height - high):
        for left in (0, width - wide):
            part = picture.convert("RGB").crop((left, top, left + wide, top + high))
            red, green, blue = (round(level) for level in ImageStat.Stat(part).mean)
            found.append((red, green, blue))
    return found


def distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
