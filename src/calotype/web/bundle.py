"""The built web client: its files, read once and kept in memory.

Guarantees: what is served is what lay in the directory at the start, found by its exact name: no
path of a request ever reaches the file system. Refuses: files of kinds that it does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

# Of what a build makes. Without a charset browsers guess one.
_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
# What the build may have compressed, the smallest first: a coding's name and the file's suffix.
_CODINGS = (("br", ".br"), ("gzip", ".gz"))
_HASHED = "assets/"
INDEX = "index.html"


@dataclass(frozen=True)
class File:
    """A file of the client; `encoded` are its compressed forms by the name of their coding.

    A `hashed` one has a digest of its content in its name, and never changes.
    """

    body: bytes
    content_type: str
    digest: str
    hashed: bool
    encoded: Mapping[str, bytes] = field(default_factory=dict)

    def accepted(self, accept_encoding: str) -> tuple[str, bytes]:
        """The smallest form that a client accepts: its coding (empty: none) and its bytes."""
        codings = _accepted_codings(accept_encoding)
        for coding, body in self.encoded.items():
            if coding in codings:
                return coding, body
        return "", self.body

    def etag(self, coding: str) -> str:
        """A strong one: each form has its own."""
        return f'"{self.digest}-{coding}"' if coding else f'"{self.digest}"'


class Bundle:
    """Files by their path below the directory, with `/` between its parts."""

    def __init__(self, files: Mapping[str, File]) -> None:
        self._files = files

    @property
    def index(self) -> File | None:
        """The page of the client; None where it was not built."""
        return self._files.get(INDEX)

    def find(self, path: str) -> File | None:
        return self._files.get(path)


def load_bundle(directory: Path) -> Bundle:
    """What the client's build left in a directory; an empty bundle if there is none."""
    paths = [path for path in directory.rglob("*") if path.is_file() and path.suffix in _TYPES]
    return Bundle(
        {path.relative_to(directory).as_posix(): _load(directory, path) for path in paths}
    )


def _load(directory: Path, path: Path) -> File:
    body = path.read_bytes()
    compressed = ((coding, path.with_name(path.name + suffix)) for coding, suffix in _CODINGS)
    return File(
        body=body,
        content_type=_TYPES[path.suffix],
        digest=blake2b(body, digest_size=12).hexdigest(),
        hashed=path.relative_to(directory).as_posix().startswith(_HASHED),
        encoded={coding: each.read_bytes() for coding, each in compressed if each.is_file()},
    )


def _accepted_codings(accept_encoding: str) -> set[str]:
    """The codings that a header names (RFC 9110, 12.5.3), but for those of weight 0."""
    accepted = set()
    for part in accept_encoding.lower().split(","):
        coding, *parameters = (word.strip() for word in part.split(";"))
        if not any(_is_zero_weight(parameter) for parameter in parameters):
            accepted.add(coding)
    return accepted


def _is_zero_weight(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in {"", "."} | {"0", "0."}
