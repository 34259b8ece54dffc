"""The check of a picture or video file while it arrives, before anything decodes it.

Guarantees: the kind is told by content, never by name; a file whose header claims too much is
refused as soon as the claim is read; a file that stops short is never taken for complete; how
the bytes are cut into chunks never changes the answer; memory is constant.
Refuses to look at pixels: a file that passes may still turn out broken in the decoder.
"""

from calotype.kernel.errors import (
    BrokenImage,
    NotAnImage,
    TooLong,
    TooManyPixels,
    TruncatedImage,
    TruncatedVideo,
)
from calotype.uploads.headers import gif, isobmff, jpeg, movie, png, sniff, tiff, webm, webp
from calotype.uploads.headers.walker import Header, Walk, Walker
from calotype.uploads.settings import ImageLimits, VideoLimits

_ACCEPTED = "send a JPEG, PNG, WebP, GIF, HEIC, AVIF or TIFF image"
_ACCEPTED_TOO = f"{_ACCEPTED}, or an MP4, MOV or WebM video"
_MARGIN_S = 0.5


class Inspector:
    """Checks one file: `feed` it chunk by chunk, then `finish`.

    Without limits for videos, none is accepted. `is_video` is known after the first bytes.
    """

    def __init__(self, limits: ImageLimits, videos: VideoLimits | None = None) -> None:
        self._limits = limits
        self._videos = videos
        self.is_video = False
        self._head = b""
        self._walker: Walker | None = None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            NotAnImage: not one of the accepted formats.
            BrokenImage: the header contradicts itself, or a side is 0.
            TooManyPixels: more pixels or a longer side than the limits allow.
            TooLong: a longer video than the limits allow.
            BrokenVideo, NoPictures, ProtectedVideo: a video that cannot be shown.
        """
        if self._walker:
            self._walker.feed(chunk)
            return
        self._head += chunk
        if len(self._head) >= sniff.ENOUGH:
            self._recognise()

    def finish(self) -> Header:
        """Say that the file is over, and get what it is.

        Raises:
            TruncatedImage, TruncatedVideo: the file stops before its end.
            NotAnImage, BrokenImage, TooManyPixels: as `feed`, for a very short file.
        """
        if not self._walker:
            self._recognise()
        assert self._walker
        self._walker.end()
        if not self._walker.header:
            if self.is_video:
                raise TruncatedVideo("the video stops before its end; send the whole file again")
            raise TruncatedImage("the image stops before its end; send the whole file again")
        return self._walker.header

    def _recognise(self) -> None:
        head, self._head = self._head, b""
        walk = self._walk_for(head)
        if not walk:
            what = sniff.seems(head[: sniff.ENOUGH])
            accepted = _ACCEPTED if self._videos is None else _ACCEPTED_TOO
            raise NotAnImage(f"the file is {what}; {accepted}", seems=what)
        self._walker = Walker(walk)
        self._walker.feed(head)

    def _walk_for(self, head: bytes) -> Walk | None:
        if head.startswith(jpeg.MAGIC):
            return jpeg.walk(self._check)
        if head.startswith(png.MAGIC):
            return png.walk(self._check)
        if webp.is_webp(head):
            return webp.walk(self._check)
        if head.startswith(gif.MAGICS):
            return gif.walk(self._check)
        if isobmff.is_picture(head):
            return isobmff.walk(self._check)
        if head.startswith(tiff.MAGICS):
            return tiff.walk(self._check)
        return self._video_walk_for(head, self._videos) if self._videos else None

    def _video_walk_for(self, head: bytes, limits: VideoLimits) -> Walk | None:
        def check(header: Header) -> None:
            _check_video(header, limits)

        walk = None
        if movie.is_movie(head):
            walk = movie.walk(head, check)
        elif head.startswith(webm.MAGIC):
            walk = webm.walk(check)
        self.is_video = walk is not None
        return walk

    def _check(self, header: Header) -> None:
        width, height, limits = header.width, header.height, self._limits
        if not width or not height:
            raise BrokenImage("the image has no size; save it anew and send that")
        if max(width, height) > limits.max_side:
            raise TooManyPixels(
                f"the image is {width} x {height} pixels; no side may be longer than "
                f"{limits.max_side}; make it smaller and send that",
                width=width,
                height=height,
                limit=limits.max_side,
            )
        limit = limits.max_held_pixels if header.held else limits.max_pixels
        if width * height > limit:
            kind = "an image of its kind" if header.held else "an image"
            raise TooManyPixels(
                f"the image is {width} x {height} pixels; {kind} may have "
                f"{limit // 1_000_000} million; make it smaller and send that",
                width=width,
                height=height,
                limit=limit,
            )


def _check_video(header: Header, limits: VideoLimits) -> None:
    if max(header.width, header.height) > limits.max_side:
        raise TooManyPixels(
            f"the video is {header.width} x {header.height} pixels; no side may be longer than "
            f"{limits.max_side}; make it smaller and send that",
            width=header.width,
            height=header.height,
            limit=limits.max_side,
        )
    if header.seconds > limits.max_seconds + _MARGIN_S:
        raise TooLong(
            f"the video is {header.seconds:.0f} seconds long; {limits.max_seconds:g} are the most: "
            "make it shorter and send that",
            seconds=header.seconds,
            limit=limits.max_seconds,
        )
