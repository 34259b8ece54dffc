"""docs/using.md is what it says: its commands run from top to bottom and answer as shown.

Outcomes follow their commands: JSON is compared value by value, text line by line. `...` stands for
anything: for a part of a text, for further keys of an object, for further lines.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.photos import camera_jpeg
from tests.server import Server

PAGE = Path(__file__).parents[2] / "docs" / "using.md"
# A line that no command prints: each block's output ends with it.
END = "== end of block =="

# Operations that the page cannot show at work, and why.
NOT_SHOWN = {
    ("POST", "/api/v1/posts/{post_id}/retry"): "takes a failure of the server's own",
    ("GET", "/api/v1/owner/overview"): "the page's people do not own the place",
    ("GET", "/api/v1/owner/dead-letters"): "as above",
    ("POST", "/api/v1/owner/dead-letters/{letter_id}/replay"): "as above",
}


def blocks() -> list[tuple[str, list[tuple[str, str]]]]:
    """The page's commands in order, each with the outcomes that it states: (language, text)."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for language, text in re.findall(
        r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    ):
        if language == "sh":
            found.append((text, []))
        else:
            found[-1][1].append((language, text))
    return found


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server on which the page was followed, and what its commands printed."""
    home = tmp_path_factory.mktemp("home")
    (home / "window.jpg").write_bytes(camera_jpeg(1200, 900, seed=1))
    (home / "door.jpg").write_bytes(camera_jpeg(600, 800, seed=2))
    script = "".join(f"{commands}echo '{END}'\n" for commands, _ in blocks())
    server = Server(tmp_path_factory.mktemp("data")).start()
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail"],
            input=script,
            cwd=home,
            env=server.environment | {"CALOTYPE_URL": server.url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-2_000:]}\n{done.stderr}"
        yield server, done.stdout
    finally:
        server.stop()


def test_each_command_answers_as_the_page_says(walked: tuple[Server, str]) -> None:
    _, printed = walked
    outputs = printed.split(f"{END}\n")[:-1]
    for (commands, outcomes), output in zip(blocks(), outputs, strict=True):
        rest = output
        for language, stated in outcomes:
            if language == "json":
                rest = rest.lstrip()
                answer, end = json.JSONDecoder().raw_decode(rest)
                rest = rest[end:]
                assert_alike(json.loads(stated), answer, commands)
            else:
                rest = rest_after(stated, rest, commands)
        assert not rest.strip(), f"{commands}\nprinted more than the page says: {rest}"


def test_every_operation_is_shown(walked: tuple[Server, str]) -> None:
    """Those of the OpenAPI document, by what the server says it has answered."""
    server, _ = walked
    schema = httpx.get(f"{server.url}/schema/openapi.json").json()
    answered = {
        (line["method"], line["route"])
        for line in map(json.loads, (text for text in server.log if text.startswith("{")))
        if line["logger"] == "calotype.access" and line["status"] < 400
    }
    operations = {
        (method.upper(), path) for path, each in schema["paths"].items() for method in each
    }
    assert operations - answered == set(NOT_SHOWN), "docs/using.md has no example of these"


def assert_alike(stated: Any, answer: Any, where: str) -> None:
    """The answer has what is stated, and nothing more unless `...` is among the keys."""
    match stated:
        case dict():
            assert isinstance(answer, dict), f"{where}: {answer}"
            missing = stated.keys() - answer.keys() - {"..."}
            more = answer.keys() - stated.keys() if "..." not in stated else set()
            assert not missing, f"{where}: {missing} missing in {answer}"
            assert not more, f"{where}: {more} more in {answer}"
            for key in stated.keys() - {"..."}:
                assert_alike(stated[key], answer[key], f"{where}: {key}")
        case list():
            assert isinstance(answer, list), f"{where}: {answer}"
            assert len(answer) == len(stated), f"{where}: {answer}"
            for one, other in zip(stated, answer, strict=True):
                assert_alike(one, other, where)
        case str():
            assert isinstance(answer, str), f"{where}: {answer!r}"
            assert pattern(stated).fullmatch(answer), f"{where}: {answer!r} is not {stated!r}"
        case _:
            assert answer == stated, f"{where}: {answer!r} is not {stated!r}"


def rest_after(stated: str, printed: str, where: str) -> str:
    """What was printed behind the lines that are stated; a line of `...` stands for any lines."""
    lines = stated.splitlines()
    text = printed.replace("\r", "")
    parts = [r"(?:.*\n)*?" if line == "..." else pattern(line).pattern + r"\n+" for line in lines]
    whole = r"(?:.*\n)*" if lines[-1] == "..." else ""
    found = re.match(r"\n*" + "".join(parts) + whole, text)
    assert found, f"{where}\nprinted {printed}\nwhich is not {stated}"
    return text[found.end() :]


def pattern(stated: str) -> re.Pattern[str]:
    return re.compile(r".*".join(re.escape(part) for part in stated.split("...")))
