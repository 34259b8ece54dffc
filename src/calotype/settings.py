"""All settings: each room's own, put together from a TOML file and the environment.

A name in the environment is `CALOTYPE_` and the path in capitals: `uploads.max_files` in the file
is `CALOTYPE_UPLOADS_MAX_FILES`. The environment wins over the file, the file over the defaults.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_origin

import msgspec

from calotype.accounts.settings import AccountSettings
from calotype.feed.settings import FeedSettings
from calotype.kernel.errors import Misconfigured
from calotype.media.settings import MediaSettings
from calotype.posts.settings import PostSettings
from calotype.uploads.settings import UploadSettings
from calotype.web.settings import WebSettings

PREFIX = "CALOTYPE_"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that an operator may choose; every value has a default that is safe.

    data: the directory that holds everything.
    bind: `host:port` to listen on; an IPv6 host stands in brackets.
    public_url: how people reach this place, such as https://photos.example; media URLs start with
        it. Empty: they are paths on whatever host was asked.
    log_level: `debug`, `info`, `warning` or `error`.
    log_format: `text`, `json`, or `auto`: text on a terminal, JSON everywhere else.
    """

    data: str = "./calotype-data"
    bind: str = "127.0.0.1:8000"
    public_url: str = ""
    log_level: str = "info"
    log_format: Literal["auto", "text", "json"] = "auto"
    accounts: AccountSettings = AccountSettings()
    uploads: UploadSettings = UploadSettings()
    media: MediaSettings = MediaSettings()
    posts: PostSettings = PostSettings()
    feed: FeedSettings = FeedSettings()
    web: WebSettings = WebSettings()

    @property
    def directory(self) -> Path:
        return Path(self.data).expanduser().absolute()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `bind`. Raises Misconfigured if it is no such pair."""
        host, _, port = self.bind.rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
            raise Misconfigured(
                f"bind is {self.bind!r}; it must be host:port, such as 127.0.0.1:8000 "
                "(setting bind, or CALOTYPE_BIND)"
            )
        return host.strip("[]"), int(port)

    @property
    def open_registration(self) -> bool:
        """Whether anyone may register: as set, else only where nobody from outside can."""
        if self.accounts.registration == "auto":
            return self.address[0] in LOOPBACK
        return self.accounts.registration == "open"


def load_settings(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """Read the file (`CALOTYPE_CONFIG` names one too), then the environment.

    Raises:
        Misconfigured: a file that cannot be read, an unknown name in it, a value of the wrong kind.
    """
    file = file or (Path(name) if (name := environment.get(f"{PREFIX}CONFIG")) else None)
    values = _read_file(file) if file else {}
    for path, kind in _paths(Settings):
        text = environment.get(PREFIX + "_".join(path).upper())
        if text is not None:
            _put(values, path, _listed(text) if get_origin(kind) is tuple else text)
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise Misconfigured(f"a setting is wrong: {error}") from error
    settings.address  # noqa: B018  (checks it)
    return settings


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """Names with our prefix that mean nothing to us: typing errors, most likely."""
    known = {PREFIX + "_".join(path).upper() for path, _ in _paths(Settings)}
    ours = {name for name in environment if name.startswith(PREFIX)}
    # CALOTYPE_URL is for the commands by hand, CALOTYPE_TEST_* for our tests.
    others = {name for name in ours if name.startswith(f"{PREFIX}TEST_")}
    return sorted(ours - known - others - {f"{PREFIX}CONFIG", f"{PREFIX}URL"})


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        raise Misconfigured(
            f"the settings file {os.fspath(file)!r} cannot be read: {error.strerror}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{os.fspath(file)!r} is not valid TOML: {error}") from error


def _paths(
    kind: type[msgspec.Struct], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each setting's path and type."""
    for field in msgspec.structs.fields(kind):
        path = (*above, field.name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _paths(field.type, path)
        else:
            yield path, field.type


def _listed(text: str) -> list[str]:
    """A list in the environment: its items, separated by commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


def _put(values: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise Misconfigured(f"the setting {name} is a table of settings, not {values!r}")
    values[path[-1]] = value
