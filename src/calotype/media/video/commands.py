"""ffmpeg's command lines.

Guarantees: an original is read through one descriptor, its standard input, by the demuxer that
was recognised and the decoders of codecs.py; no other file, no playlist and no network can be
opened by it. Nothing of its metadata reaches an output: no tags, no chapters, no data tracks, no
supplemental messages within the pictures.
"""

from functools import cache
from pathlib import Path

from calotype.media.video.clip import Animation, Clip
from calotype.media.video.codecs import DECODERS
from calotype.media.video.plan import (
    MOST_TYPICAL,
    UNHURRIED_END,
    Output,
    copies_sound,
    graph,
    poster_comes_along,
)

POSTER = "poster.png"
# libx264 veryfast at CRF 23: measured in docs/decisions/015-video.md.
_PRESET, _CRF = "veryfast", 23
_KEY_EVERY_S = 4
_SOUND_BITS = "128k"
# Players begin as soon as the index has come: it goes to the front.
_MP4 = ("-movflags", "+faststart", "-f", "mp4")
# SEI messages: cameras write what they like into them, and libx264 its settings.
_WITHOUT_MESSAGES = "filter_units=remove_types=6"
_ANONYMOUS = (
    "-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1",
    "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
)  # fmt: skip


@cache
def ffmpeg() -> str:
    """The path of the static ffmpeg that came with the libraries."""
    import imageio_ffmpeg  # 20 ms that only makers of videos need

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def film(
    clip: Clip | Animation,
    outputs: tuple[Output, ...],
    directory: Path,
    threads: int,
    most_s: float,
) -> list[str]:
    """Make every output from one reading of the original, told on standard output as it goes.

    And the poster, where it comes along.
    """
    command = [ffmpeg(), *_quiet(threads), "-progress", "pipe:1", "-stats_period", "0.5"]
    command += _input(clip.demuxer)
    encoded = tuple(output for output in outputs if not output.copied)
    if encoded:
        command += ["-filter_complex", graph(clip, outputs)]
    for output in outputs:
        if output.copied:
            command += _copied(clip)
        else:
            command += ["-map", f"[v{encoded.index(output)}]", *_encoded(output, clip, threads)]
            command += _sound(clip, copying=False)
        # A margin, by which what is too long shows that it is.
        command += [
            "-t",
            f"{most_s + 2:g}",
            *_ANONYMOUS,
            *_MP4,
            f"file:{directory / output.file_name}",
        ]
    if poster_comes_along(outputs):
        command += ["-map", "[poster]", *_picture(directory / POSTER)]
    return command


def poster(made: Clip, directory: Path) -> list[str]:
    """Take the poster from the first second of a finished video, which is standard input."""
    return [
        ffmpeg(), *_quiet(1), "-t", "1", *_input(made.demuxer),
        "-filter_complex", f"[0:v:0]{MOST_TYPICAL}[poster]",
        "-map", "[poster]", *_picture(directory / POSTER),
    ]  # fmt: skip


def _picture(target: Path) -> list[str]:
    return [
        "-frames:v", "1", "-map_metadata", "-1", "-c:v", "png", "-compression_level", "1",
        "-f", "image2pipe", f"file:{target}",
    ]  # fmt: skip


def _quiet(threads: int) -> list[str]:
    several = str(threads)
    return [
        "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y",
        "-filter_threads", several, "-filter_complex_threads", several, "-threads", several,
        # Beyond a third of undecodable pictures, what is left is no video.
        "-max_error_rate", "0.33",
    ]  # fmt: skip


def _input(demuxer: str) -> list[str]:
    return [
        "-protocol_whitelist", "fd", "-format_whitelist", demuxer,
        "-codec_whitelist", DECODERS, "-f", demuxer, "-i", "fd:",
    ]  # fmt: skip


def _copied(clip: Clip | Animation) -> list[str]:
    assert isinstance(clip, Clip)
    sound = clip.sound
    copying = sound is not None and copies_sound(sound)
    pictures = ["-map", f"0:{clip.index}", "-c:v", "copy", "-bsf:v", _WITHOUT_MESSAGES]
    return pictures + _sound(clip, copying=copying)


def _encoded(output: Output, clip: Clip | Animation, threads: int) -> list[str]:
    rate, passes = 10.0, f"{UNHURRIED_END},{_WITHOUT_MESSAGES}"
    if isinstance(clip, Clip):
        rate, passes = clip.rate, _WITHOUT_MESSAGES
    return [
        "-c:v", "libx264", "-preset", _PRESET, "-crf", str(_CRF), "-profile:v", "high",
        "-maxrate", str(output.bits), "-bufsize", str(2 * output.bits),
        "-g", str(max(1, round(min(rate, 60) * _KEY_EVERY_S))), "-threads", str(threads),
        "-fps_mode", "vfr", "-bsf:v", passes,
    ]  # fmt: skip


def _sound(clip: Clip | Animation, *, copying: bool) -> list[str]:
    sound = clip.sound if isinstance(clip, Clip) else None
    if sound is None:
        return ["-an"]
    mapped = ["-map", f"0:{sound.index}"]
    if copying:
        return [*mapped, "-c:a", "copy"]
    return [
        *mapped, "-c:a", "aac", "-b:a", _SOUND_BITS, "-ac", str(min(2, sound.channels)),
        # Gaps in the sound are filled, or it would run ahead of the pictures.
        "-af", "aresample=async=1:min_hard_comp=0.1:first_pts=0",
        "-ar", "44100" if sound.rate == 44_100 else "48000",
    ]  # fmt: skip
