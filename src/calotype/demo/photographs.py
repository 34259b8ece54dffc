"""Pictures for a community: painted, or an operator's own photographs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from calotype.demo.community import Subject
from calotype.demo.scenes.paint import paint, paint_avatar
from calotype.kernel.errors import BadMedia, NotFound
from calotype.uploads.inspect import Inspector
from calotype.uploads.settings import UploadSettings

_KINDS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".avif"})

Pictures = Callable[[Subject], bytes]


def painted(subject: Subject) -> bytes:
    """The scene of a subject."""
    return paint(subject.kind, subject.seed)


def painted_avatar(subject: Subject) -> bytes:
    """The same, small and square."""
    return paint_avatar(subject.kind, subject.seed)


def from_files(files: Sequence[Path], seed: int) -> Pictures:
    """Each subject's photograph by its number, in an order that the seed decides."""
    shuffled = Random(seed).sample(files, len(files))
    return lambda subject: shuffled[subject.seed].read_bytes()


def find_photographs(
    directory: Path, limits: UploadSettings, skipped: Callable[[str], None]
) -> list[Path]:
    """The photographs in a directory that can become posts; `skipped` hears of each other one.

    Raises:
        NotFound: there is none.
    """
    good: list[Path] = []
    for file in sorted(directory.iterdir()):
        if file.suffix.lower() not in _KINDS or not file.is_file():
            continue
        reason = _objection(file, limits)
        if reason:
            skipped(f"{file.name} is skipped: {reason}")
        else:
            good.append(file)
    if not good:
        raise NotFound(f"there is no JPEG, PNG, WebP, HEIC or AVIF photo to use in {directory}")
    return good


def _objection(file: Path, limits: UploadSettings) -> str:
    inspector = Inspector(limits.images)
    try:
        content = file.read_bytes()
        inspector.feed(content)
        inspector.finish()
    except BadMedia as error:
        return error.message
    except OSError as error:
        return str(error.strerror)
    return "it is too large" if len(content) > limits.max_file_bytes else ""
