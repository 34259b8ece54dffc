"""The containers and codecs that are read, by the names that ffmpeg knows them by.

Everything else that it could read stays unused: each decoder is one more that a hostile file
could aim at.
"""

PICTURES = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "mjpeg", "prores"})
"""Picture codecs: what phones, browsers and cameras record."""

SOUNDS = frozenset(
    {
        "aac", "ac3", "eac3", "alac", "flac", "mp3", "mp3float", "opus", "vorbis",
        "amrnb", "amrwb", "amr_nb", "amr_wb",
        "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be",
        "pcm_f32le", "pcm_f32be", "pcm_u8", "pcm_s8", "pcm_mulaw", "pcm_alaw",
    }
)  # fmt: skip
"""Sound codecs; a video with another one is shown without its sound."""

ANIMATED = frozenset({"gif", "webp_anim", "apng", "webp"})
"""Codecs of animated pictures."""

DECODERS = ",".join(sorted(PICTURES | SOUNDS | ANIMATED))

_WEBM = b"\x1a\x45\xdf\xa3"
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def demuxer_of(head: bytes) -> str | None:
    """The name that ffmpeg has for what starts with `head` (32 bytes suffice); None: not for us."""
    if head[4:8] in _BOXES:
        return "mov"
    if head.startswith(_WEBM):
        return "matroska"
    if head.startswith(b"GIF8"):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp_anim"
    return "apng" if head.startswith(b"\x89PNG") else None
