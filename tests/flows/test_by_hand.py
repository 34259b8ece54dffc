"""From a terminal: the commands of the README, as processes of their own."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.photos import camera_jpeg
from tests.server import Server, eventually


class Terminal:
    """One person's shell."""

    def __init__(self, home: Path, server: Server) -> None:
        self.home = home
        self._environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(home),
            "CALOTYPE_URL": server.url,
            "CALOTYPE_DATA": str(server.data),
        }

    def run(self, *words: str) -> str:
        done = self.fails(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "calotype", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data").start()
    yield running
    assert running.stop() == 0


def test_register_post_follow_and_read(server: Server, tmp_path: Path) -> None:
    photo = tmp_path / "window.jpg"
    photo.write_bytes(camera_jpeg(width=400, height=300))
    ada = Terminal(tmp_path / "ada", server)
    ada.run("register", "hand.ada", "--password", "correct horse")
    saved = ada.home / "calotype" / "credentials.json"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    told = ada.run("post", str(photo), str(photo), "--caption", "An oriel", "--alt", "a window")
    assert "PROCESSING" in told

    ben = Terminal(tmp_path / "ben", server)
    ben.run("register", "hand.ben", "--password", "correct horse")
    assert "calotype follow" in ben.run("feed")
    ben.run("follow", "hand.ada")
    eventually(lambda: "An oriel" in ben.run("feed"), "the post in the feed")
    seen = ben.run("feed", "--latest")
    assert "@hand.ada" in seen
    assert "2 photos" in seen
    ben.run("unfollow", "@hand.ada")
    assert "An oriel" not in ben.run("feed")


def test_mistakes_end_in_one_clear_line(server: Server, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "new", server)
    stranger = terminal.fails("feed")
    assert (stranger.returncode, stranger.stderr) == (
        1,
        "Error: log in first: calotype login NAME\n",
    )
    terminal.run("register", "hand.eve", "--password", "correct horse")
    wrong = terminal.fails("login", "hand.eve", "--password", "wrong horse")
    assert wrong.returncode == 1
    assert wrong.stderr.count("\n") == 1
    text = tmp_path / "notes.txt"
    text.write_text("no photo")
    assert "Error:" in terminal.fails("post", str(text)).stderr
    assert "Traceback" not in terminal.fails("follow", "nobody.at.all").stderr


def test_log_in_is_not_sent_to_another_server(server: Server, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "home", server)
    terminal.run("register", "hand.max", "--password", "correct horse")
    terminal._environment["CALOTYPE_URL"] = "http://127.0.0.1:9"
    assert "log in first" in terminal.fails("feed").stderr


def test_admin_makes_accounts_and_resets_passwords(own_server: Server, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "home", own_server)
    assert "has the id" in terminal.run(
        "admin", "create-account", "warden", "--owner", "--password", "correct horse"
    )
    terminal.run("login", "warden", "--password", "correct horse")
    terminal.run("admin", "reset-password", "warden", "--password", "another horse")
    eventually(
        lambda: "your log-in has ended" in terminal.fails("feed").stderr, "its sessions to end"
    )
    terminal.run("login", "warden", "--password", "another horse")
    terminal.run("feed")
    assert len(terminal.run("admin", "invite").strip()) > 20
    taken = terminal.fails("admin", "create-account", "Warden", "--password", "correct horse")
    assert taken.returncode == 1
    assert "Traceback" not in taken.stderr
    terminal.run("admin", "rotate-keys", "--drop-old")
    eventually(lambda: terminal.fails("feed").returncode == 0, "a token of the new key")


def test_wrong_settings_end_in_one_line_and_code_2(server: Server, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "home", server)
    for name, value, word in [
        ("CALOTYPE_BIND", "nowhere", "CALOTYPE_BIND"),
        ("CALOTYPE_UPLOADS_MAX_FILES", "many", "max_files"),
        ("CALOTYPE_CONFIG", str(tmp_path / "absent.toml"), "absent.toml"),
    ]:
        terminal._environment[name] = value
        done = terminal.fails("serve")
        del terminal._environment[name]
        assert done.returncode == 2
        assert word in done.stderr
        assert "Traceback" not in done.stderr


def test_dead_letters_are_listed_shown_and_replayed(tmp_path: Path) -> None:
    """A decoder that cannot work wears a job out; once it can, replay publishes the post."""
    broken = {"CALOTYPE_MEDIA_LIMITS_MEMORY_BYTES": str(4 << 20)}
    running = Server(tmp_path / "data", broken).start()
    terminal = Terminal(tmp_path / "home", running)
    person = running.person("hand.dead")
    post = person.post(camera_jpeg(width=400, height=300))["postId"]
    worn_out = person.settled(post)
    assert worn_out["status"] == "FAILED"
    assert "three tries" in worn_out["reason"]
    assert worn_out["reasonCode"] == "worn_out"
    letter = terminal.run("dead-letters", "list").split()[0]
    assert "media.process" in terminal.run("dead-letters", "show", letter)
    assert running.stop() == 0

    mended = Server(tmp_path / "data").start()
    try:
        reader = mended.person("hand.reader")
        assert "tried again" in terminal.run("dead-letters", "replay", letter)
        eventually(
            lambda: reader.http.get(f"/posts/{post}").status_code == 200, "the post to be published"
        )
        assert terminal.run("dead-letters", "list") == "there are no dead letters\n"
        assert terminal.fails("dead-letters", "show", letter).returncode == 1
    finally:
        assert mended.stop() == 0
