"""Make the renditions of one medium, by its kind.

Guarantees: the same medium gives the same files under the same names, so that a second try may
keep what the first one kept; a video's poster goes the way of a photo.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from calotype.media.decoders import Decoders
from calotype.media.master import VIDEO_MASTER
from calotype.media.renditions import BY_NAME
from calotype.media.video.transcoder import Transcoder
from calotype.media.wire import Rendered
from calotype.posts.post import Facts, Medium
from calotype.posts.progress import ReportProgress

_CHUNK = 1 << 20

Keep = Callable[[str, AsyncIterator[bytes]], Awaitable[None]]
"""Keeps one rendition, by its file name."""

Size = tuple[int, int]
"""Width and height in pixels, as shown."""


class Renderer(Protocol):
    """Renders one kind of medium."""

    async def render(self, medium: Medium, original: Path, keep: Keep) -> Facts:
        """Hand every rendition of the original (a local file, read only) to `keep`.

        Raises:
            BadMedia: the file is at fault, and will be however often it is tried.
            DecoderCrashed, Unavailable: trying again may help.
        """
        ...

    async def make_master(self, original: Path, keep: Keep) -> Size:
        """Hand the master of the original to `keep`, once; its size. Raises as `render`."""
        ...

    async def measure(self, file_name: str, file: Path) -> Size:
        """Read a whole rendition, or the master under the name that `keep` had; its size.

        Raises as `render`.
        """
        ...


@dataclass(frozen=True)
class RenderPhoto:
    """Renderer of photos."""

    decoders: Decoders

    async def render(self, medium: Medium, original: Path, keep: Keep) -> Facts:
        rendered = await self.decoders.render(original, medium.look)
        await _keep_files(rendered, keep)
        return Facts(rendered.width, rendered.height, rendered.blurhash)

    async def make_master(self, original: Path, keep: Keep) -> Size:
        (file,) = (await self.decoders.master(original)).files
        await keep(file.name, _one(file.data))
        return file.width, file.height

    async def measure(self, file_name: str, file: Path) -> Size:  # noqa: ARG002
        measured = await self.decoders.measure(file)
        return measured.width, measured.height


@dataclass(frozen=True)
class RenderVideo:
    """Renderer of videos and animations."""

    decoders: Decoders
    transcoder: Transcoder
    progress: ReportProgress

    async def render(self, medium: Medium, original: Path, keep: Keep) -> Facts:
        async with self.transcoder.film(original, self.progress.of(medium)) as film:
            poster = await self.decoders.render(film.poster)
            await _keep_files(poster, keep)
            for name, path in film.files.items():
                await keep(name, _chunks(path))
            return Facts(
                film.width,
                film.height,
                poster.blurhash,
                duration_ms=round(film.seconds * 1_000),
                sound=film.sound,
            )

    async def make_master(self, original: Path, keep: Keep) -> Size:
        async with self.transcoder.film(original, wanted=(VIDEO_MASTER,)) as film:
            ((name, path),) = film.files.items()
            await keep(name, _chunks(path))
            return await self.measure(name, path)

    async def measure(self, file_name: str, file: Path) -> Size:
        if file_name.endswith(".mp4"):
            return (await self.transcoder.probe(file)).upright_size
        measured = await self.decoders.measure(file)
        return measured.width, measured.height


async def _keep_files(rendered: Rendered, keep: Keep) -> None:
    for file in rendered.files:
        await keep(BY_NAME[file.name].file_name, _one(file.data))


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
