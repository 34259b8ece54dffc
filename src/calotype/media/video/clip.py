"""What a video file turned out to be: the facts that its making is planned from."""

import msgspec

MAX_REPORT_BYTES = 64 << 10


class Sound(msgspec.Struct, frozen=True):
    """The sound track that is kept. `bits` a second; 0 where the file does not say."""

    index: int
    codec: str
    profile: str
    channels: int
    rate: int
    bits: int


class Clip(msgspec.Struct, frozen=True, tag="clip"):
    """A video as it is stored.

    Attributes:
        demuxer: ffmpeg's name for the container.
        index: of the picture track among the file's tracks.
        width, height: of a stored frame, in pixels.
        pixel_aspect: a stored pixel's width by its height.
        turn: degrees to turn a stored frame clockwise, a multiple of 90.
        seconds: from the first picture to the end of the last.
        frames: pictures in the file.
        bits: of the picture track, a second.
        key_gap: the longest time between two pictures that a player can start from, in seconds.
        plain: the pictures can be copied as they lie: a key picture first, at the start, and none
            that an edit list hides.
        matrix, primaries, transfer: how colours are meant, by their numbers in ITU-T H.273.
    """

    demuxer: str
    index: int
    codec: str
    profile: str
    pixel_format: str
    width: int
    height: int
    pixel_aspect: float
    turn: int
    mirrored: bool
    interlaced: bool
    full_range: bool
    matrix: int
    primaries: int
    transfer: int
    seconds: float
    frames: int
    bits: int
    key_gap: float
    plain: bool
    sound: Sound | None = None

    @property
    def rate(self) -> float:
        """Pictures a second, on average."""
        return self.frames / self.seconds if self.seconds else 0.0

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height as it is shown, in square pixels."""
        width, height = self.width, self.height
        if self.pixel_aspect > 1:
            width = round(width * self.pixel_aspect)
        elif self.pixel_aspect < 1:
            height = round(height / self.pixel_aspect)
        return (height, width) if self.turn % 180 else (width, height)


class Animation(msgspec.Struct, frozen=True, tag="animation"):
    """An animated picture file: its demuxer, canvas in pixels, and number of frames."""

    demuxer: str
    width: int
    height: int
    frames: int

    @property
    def upright_size(self) -> tuple[int, int]:
        return self.width, self.height


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The file is at fault, and will be however often it is tried."""

    code: str
    message: str


Report = Clip | Animation | Refused

_REPORTS: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def read_report(text: bytes) -> Report:
    """Raises msgspec.MsgspecError when the text is no report."""
    return _REPORTS.decode(text)
