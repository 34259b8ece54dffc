"""Masters: what is kept of a photo or video once a policy has removed its original (decision 022).

A photo's is upright, in sRGB, without metadata, uncropped and unfiltered, so that any turn and
crop can be made of it again. A video's is made as its renditions are. Neither is ever served.
"""

from calotype.media.renditions import LARGEST_WIDTH, WEBP_SIDE, VideoRendition

# Of WebP: measured in docs/decisions/022-rebuilds-and-masters.md.
MASTER_QUALITY = 95
_SHORTER_SIDE = 1080  # so that a picture that is turned has a full width still
_LONGEST_SIDE = 4 * _SHORTER_SIDE

VIDEO_MASTER = VideoRendition("1080p.mp4", 1080, 12_000_000)


def master_width(width: int, height: int) -> int:
    """The width in pixels of the master of a picture of this size, never enlarged.

    Its shorter side has 1,080 pixels. Of panoramas the longer one has 4,320 at most, but the
    width is never below that of the largest rendition, unless WebP could not hold the height.
    """
    whole = min(_SHORTER_SIDE / min(width, height), _LONGEST_SIDE / max(width, height))
    scale = min(1.0, max(whole, LARGEST_WIDTH / width), WEBP_SIDE / max(width, height))
    return max(1, int(width * scale))
