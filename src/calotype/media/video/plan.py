"""How a video is made: which renditions are copied, which encoded, and through which filters.

Guarantees: a video that fits is copied as it lies; one decode makes all that are encoded, the
smaller one from the larger; none is larger than the original, and sides are even, as 4:2:0 wants.
"""

from collections.abc import Sequence

import msgspec

from calotype.media.renditions import VIDEO_LENGTH, VIDEO_RENDITIONS, VideoRendition
from calotype.media.video.clip import Animation, Clip, Sound

MAX_RATE = 60
# Clocks of cameras are a little fast or slow.
_RATE_MARGIN = 0.5
_COPIED_PROFILES = {"Baseline", "Constrained Baseline", "Main", "High"}
_KEY_GAP_S = 10.0  # a player that is sent to any place must find a key picture near it
_COPIED_SOUND_BITS = 200_000

# Code points of ITU-T H.273, as ffmpeg's filters name them.
_UNSPECIFIED = {0, 2}
_PQ, _HLG = 16, 18
_BT2020 = 9
_WIDE_PRIMARIES = {9: "2020", 11: "smpte431", 12: "smpte432"}
_MATRICES = {1: "709", 5: "470bg", 6: "170m", 9: "2020_ncl", 10: "2020_cl"}
# BT.2408: what SDR calls white is 203 cd/m2 in HDR. Above it, mobius rolls off softly up to
# 1,000 cd/m2, which phones master for; hable, the usual choice, darkens everything by a third.
_TO_SDR = (
    "zscale=tin={transfer}:min={matrix}:pin=2020:rin=limited:t=linear:npl=203,format=gbrpf32le,"
    "zscale=p=709,tonemap=mobius:param=0.5:desat=0:peak=4.93,zscale=t=709:m=709:r=limited"
)
# A picture that asks for 10 ms or less is shown for 100, as browsers do. (The demuxer's own options
# for that have no effect any more.)
_HASTE = 0.0105
_UNHURRIED = (
    f"setpts='if(eq(N,0),0,PREV_OUTPTS+if(lt((PTS-PREV_INPTS)*TB,{_HASTE}),0.1/TB,PTS-PREV_INPTS))'"
)
UNHURRIED_END = rf"setts=pts=PTS:dts=DTS:duration=if(lt(DURATION*TB\,{_HASTE})\,0.1/TB\,DURATION)"
"""The same for the last picture, which no other follows: a bitstream filter."""
_ON_WHITE = (
    "format=rgba,split[over][under];[under]drawbox=c=white:t=fill:replace=1[white];"
    "[white][over]overlay=format=rgb"
)
MOST_TYPICAL = "thumbnail=n=30,format=rgb24"
"""The filters to one picture out of a video's first second: not a black one, where it fades in."""
_TAGGED = (
    "format=yuv420p,setsar=1,"
    "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
)


class Output(msgspec.Struct, frozen=True):
    """One file to make, for one or more declared renditions, which then hold the same.

    `copied`: the pictures are taken over as they lie.
    """

    renditions: tuple[VideoRendition, ...]
    width: int
    height: int
    copied: bool

    @property
    def file_name(self) -> str:
        return self.renditions[0].file_name

    @property
    def bits(self) -> int:
        return min(rendition.bits for rendition in self.renditions)


def outputs_of(
    clip: Clip | Animation,
    wanted: Sequence[VideoRendition] = VIDEO_RENDITIONS,
    *,
    copying: bool = True,
) -> tuple[Output, ...]:
    """What to make, the largest first; with `copying` off, all of it is encoded."""
    by_size: dict[tuple[int, int], list[VideoRendition]] = {}
    for rendition in wanted:
        by_size.setdefault(_size(clip, rendition), []).append(rendition)
    outputs = []
    for (width, height), renditions in by_size.items():
        whole = Output(tuple(renditions), width, height, copied=False)
        copied = copying and isinstance(clip, Clip) and _fits(clip, whole)
        outputs.append(msgspec.structs.replace(whole, copied=copied))
    return tuple(outputs)


def copies_sound(sound: Sound) -> bool:
    """Whether a copied picture track may keep its sound as it lies."""
    return (
        sound.codec == "aac"
        and sound.profile == "LC"
        and sound.channels <= 2
        and sound.rate <= 48_000
        and 0 < sound.bits <= _COPIED_SOUND_BITS
    )


def poster_comes_along(outputs: tuple[Output, ...]) -> bool:
    """Whether the poster is taken from the frames of the largest output as they are made.

    Else it is taken from the file, once that is copied.
    """
    return not outputs[0].copied


def graph(clip: Clip | Animation, outputs: tuple[Output, ...]) -> str:
    """The filters from the original to each output that is encoded: pads [v0], [v1], ...

    And to the [poster], where it comes along. ffmpeg itself turns the frames upright before them.
    """
    encoded = [output for output in outputs if not output.copied]
    poster = poster_comes_along(outputs)
    if isinstance(clip, Animation):
        # The poster of an animation is its first picture, as large and sharp as it is.
        parts = [
            f"[0:v:0]{_UNHURRIED},{_ON_WHITE},split[film][first]",
            "[first]format=rgb24[poster]",
        ]
        source, steps, poster = "[film]", "", False
    else:
        parts, source = [], f"[0:{clip.index}]"
        steps = "".join(f"{step}," for step in _first_steps(clip))
    for number, output in enumerate(encoded):
        size = f"scale={output.width}:{output.height}:flags=bicubic"
        scaled = _coloured(clip, size) if number == 0 else size
        pads = [f"[v{number}]"]
        if number + 1 < len(encoded):
            pads.append(f"[s{number + 1}]")
        if poster and number == 0:
            pads.append("[start]")
        parts.append(f"{source}{steps}{scaled},{_TAGGED},split={len(pads)}{''.join(pads)}")
        source, steps = f"[s{number + 1}]", ""
    if poster:
        parts.append(f"[start]{MOST_TYPICAL}[poster]")
    return ";".join(parts)


def is_hdr(clip: Clip) -> bool:
    return clip.transfer in {_PQ, _HLG}


def _size(clip: Clip | Animation, rendition: VideoRendition) -> tuple[int, int]:
    width, height = clip.upright_size
    short, long = sorted((width, height))
    scale = min(1.0, rendition.side / short, VIDEO_LENGTH / long)
    return _even(width * scale, width), _even(height * scale, height)


def _even(wanted: float, most: int) -> int:
    return max(2, min(round(wanted / 2) * 2, most // 2 * 2))


def _fits(clip: Clip, output: Output) -> bool:
    return (
        _looks_as_stored(clip, output)
        and clip.codec == "h264"
        and clip.profile in _COPIED_PROFILES
        and clip.plain
        and clip.bits <= output.bits
        and clip.key_gap <= _KEY_GAP_S
        and clip.rate <= MAX_RATE + _RATE_MARGIN
    )


def _looks_as_stored(clip: Clip, output: Output) -> bool:
    """Whether a player that knows only the plainest of pictures shows it right."""
    return (
        (clip.width, clip.height) == (output.width, output.height)
        and clip.pixel_format == "yuv420p"
        and not clip.full_range
        and clip.pixel_aspect == 1
        and not clip.turn
        and not clip.mirrored
        and not clip.interlaced
        and not is_hdr(clip)
        and clip.primaries not in _WIDE_PRIMARIES
    )


def _first_steps(clip: Clip) -> list[str]:
    steps = []
    if clip.interlaced:
        steps.append("bwdif=mode=send_frame")
    if clip.rate > MAX_RATE + _RATE_MARGIN:
        steps.append(f"fps={MAX_RATE}")
    return steps


def _coloured(clip: Clip | Animation, size: str) -> str:
    """Scaled, and brought to BT.709 at limited range."""
    if isinstance(clip, Animation):
        return f"{size}:out_color_matrix=bt709:out_range=tv"
    matrix = _MATRICES.get(clip.matrix, _guessed_matrix(clip))
    if is_hdr(clip):
        transfer = "smpte2084" if clip.transfer == _PQ else "arib-std-b67"
        return f"{size},format=yuv420p10le," + _TO_SDR.format(transfer=transfer, matrix=matrix)
    if clip.primaries in _WIDE_PRIMARIES:
        given = f"tin=709:min={matrix}:pin={_WIDE_PRIMARIES[clip.primaries]}:rin=limited"
        return f"{size}:out_range=tv,zscale={given}:t=709:m=709:p=709:r=limited"
    if clip.matrix not in _UNSPECIFIED:
        return f"{size}:out_color_matrix=bt709:out_range=tv"
    guessed = "bt709" if matrix == "709" else "smpte170m"
    return f"{size}:in_color_matrix={guessed}:out_color_matrix=bt709:out_range=tv"


def _guessed_matrix(clip: Clip) -> str:
    """What browsers take untagged pictures for: BT.601 below 720 lines."""
    if clip.primaries == _BT2020 or is_hdr(clip):
        return "2020_ncl"
    return "709" if min(clip.width, clip.height) >= 720 else "170m"
