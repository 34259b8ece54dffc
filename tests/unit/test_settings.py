"""Where settings come from, and what is said of wrong ones."""

from pathlib import Path

import pytest

from calotype.kernel.errors import Misconfigured
from calotype.settings import Settings, load_settings, unknown_names


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calotype.toml"


def test_without_anything_the_defaults_hold() -> None:
    assert load_settings({}) == Settings()


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(file: Path) -> None:
    file.write_text(
        'bind = "127.0.0.1:1"\n[uploads]\nmax_files = 3\n[uploads.images]\nmax_side = 9\n'
    )
    environment = {"CALOTYPE_UPLOADS_MAX_FILES": "4", "CALOTYPE_FEED_CANDIDATES": "5"}
    settings = load_settings(environment, file)
    assert settings.address == ("127.0.0.1", 1)
    assert (settings.uploads.max_files, settings.feed.candidates) == (4, 5)
    assert settings.uploads.images.max_side == 9
    assert settings.uploads.max_text_bytes == Settings().uploads.max_text_bytes
    deep = load_settings({"CALOTYPE_UPLOADS_IMAGES_MAX_SIDE": "8"}, file)
    assert deep.uploads.images.max_side == 8


def test_the_environment_may_name_the_file_and_an_argument_wins(file: Path, tmp_path: Path) -> None:
    file.write_text('data = "/srv/a"')
    named = {"CALOTYPE_CONFIG": str(file)}
    assert load_settings(named).directory == Path("/srv/a")
    other = tmp_path / "other.toml"
    other.write_text('data = "/srv/b"')
    assert load_settings(named, other).directory == Path("/srv/b")
    assert load_settings({"CALOTYPE_CONFIG": ""}) == Settings()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("colour = 1", "colour"),
        ("[uploads]\nmax_file = 1", "max_file"),
        ("[uploads.images]\nsides = 1", "sides"),
        ("[media]\ndecoder = 1", "decoder"),
        ("[media.limits]\nmemory = 1", "memory"),
        ("[accounts]\nopen = true", "open"),
        ("[posts]\nstuck = 1", "stuck"),
        ("[feed]\nsnapshot = 1", "snapshot"),
    ],
)
def test_an_unknown_name_in_the_file_is_refused_by_name(file: Path, text: str, name: str) -> None:
    file.write_text(text)
    with pytest.raises(Misconfigured, match=f"`{name}`"):
        load_settings({}, file)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[uploads]\nmax_files = 'many'", "uploads.max_files"),
        ("[media.limits]\nside = []", "media.limits.side"),
        ("[feed]\ncandidates = 0", "feed.candidates"),
        ("[feed]\ncandidates = 501", "feed.candidates"),
        ("[accounts]\nregistration = 'never'", "accounts.registration"),
        ("uploads = 3", "uploads"),
    ],
)
def test_a_value_of_the_wrong_kind_names_its_setting(file: Path, text: str, name: str) -> None:
    file.write_text(text)
    with pytest.raises(Misconfigured, match=name.replace(".", r"\.")):
        load_settings({}, file)


def test_a_wrong_value_in_the_environment_names_its_setting(file: Path) -> None:
    with pytest.raises(Misconfigured, match=r"uploads\.idle_s"):
        load_settings({"CALOTYPE_UPLOADS_IDLE_S": "soon"})
    file.write_text("uploads = 3")
    with pytest.raises(Misconfigured, match="uploads"):
        load_settings({"CALOTYPE_UPLOADS_IDLE_S": "2"}, file)


@pytest.mark.parametrize("content", [b"data = ", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused_by_name(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"calotype\.toml"):
        load_settings({}, file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="absent"):
        load_settings({"CALOTYPE_CONFIG": str(tmp_path / "absent")})


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:65535", ("::1", 65_535)),
        ("photos.example:80", ("photos.example", 80)),
    ],
)
def test_bind_is_host_and_port(bind: str, address: tuple[str, int]) -> None:
    assert load_settings({"CALOTYPE_BIND": bind}).address == address


@pytest.mark.parametrize(
    "bind", ["", "8000", ":8000", "127.0.0.1", "127.0.0.1:", "a:-1", "a:65536", "a:http", "a:²"]
)
def test_a_bind_that_is_none_is_refused_by_name(bind: str) -> None:
    with pytest.raises(Misconfigured, match="CALOTYPE_BIND"):
        load_settings({"CALOTYPE_BIND": bind})


@pytest.mark.parametrize(
    ("bind", "registration", "is_open"),
    [
        ("127.0.0.1:8000", "auto", True),
        ("[::1]:8000", "auto", True),
        ("localhost:8000", "auto", True),
        ("0.0.0.0:8000", "auto", False),
        ("[::]:8000", "auto", False),
        ("photos.example:80", "auto", False),
        ("0.0.0.0:8000", "open", True),
        ("127.0.0.1:8000", "invitation", False),
    ],
)
def test_anyone_may_register_where_nobody_from_outside_can_come(
    bind: str, registration: str, is_open: bool
) -> None:
    environment = {"CALOTYPE_BIND": bind, "CALOTYPE_ACCOUNTS_REGISTRATION": registration}
    assert load_settings(environment).open_registration is is_open


def test_names_with_our_prefix_that_mean_nothing_are_told() -> None:
    environment = {
        "CALOTYPE_BINT": "x",
        "CALOTYPE_BIND": "x",
        "CALOTYPE_CONFIG": "x",
        "CALOTYPE_MEDIA_LIMITS_SIDE": "1",
        "PATH": "x",
    }
    assert unknown_names(environment) == ["CALOTYPE_BINT"]


@pytest.mark.parametrize(
    ("policy", "life_ms"),
    [("keep", None), ("delete_after=7d", 604_800_000), ("delete_after=12h", 43_200_000)],
)
def test_originals_are_kept_or_make_way_after_days_or_hours(
    policy: str, life_ms: int | None
) -> None:
    settings = load_settings({"CALOTYPE_MEDIA_ORIGINALS": policy})
    assert settings.media.original_ms == life_ms


@pytest.mark.parametrize("policy", ["", "delete", "delete_after=0d", "delete_after=7", "7d"])
def test_a_policy_that_is_none_is_refused_with_an_example(policy: str) -> None:
    with pytest.raises(Misconfigured, match="such as delete_after=7d"):
        load_settings({"CALOTYPE_MEDIA_ORIGINALS": policy})
