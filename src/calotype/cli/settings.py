"""The table of all settings, made from the code that reads them.

A setting's meaning is the docstring below it, or its entry (`name: words`) in its class's docstring.
One without either is an error, so that no setting goes unexplained.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

BEGIN = "<!-- settings: written by `make docs` -->"
END = "<!-- end of settings -->"
_HEAD = "| in the file | in the environment | default | meaning |\n|---|---|---|---|\n"
_ENTRY = re.compile(r"^( *)(\w+): (.*(?:\n\1 +.*)*)", re.MULTILINE)


class Setting(msgspec.Struct, frozen=True):
    """One setting as an operator sees it; `default` as it is written in the file."""

    name: str
    variable: str
    default: str
    meaning: str


@click.command()
@click.option(
    "--into",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the table between its marks in this file.",
)
def settings(into: Path | None) -> None:
    """Print all settings with their defaults and meanings, as a Markdown table."""
    if into is None:
        click.echo(table(), nl=False)
    else:
        into.write_text(with_table(into.read_text()))


def table() -> str:
    rows = (
        f"| `{each.name}` | `{each.variable}` | {each.default} | {each.meaning} |\n"
        for each in every_setting()
    )
    return _HEAD + "".join(rows)


def with_table(page: str) -> str:
    """The page with what stands between its marks made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}{END}{after}"


def every_setting() -> Iterator[Setting]:
    from calotype.settings import PREFIX, Settings

    yield from _settings(Settings, (), PREFIX)


def _settings(kind: type[msgspec.Struct], above: tuple[str, ...], prefix: str) -> Iterator[Setting]:
    meanings = _meanings(kind)
    for field in msgspec.structs.fields(kind):
        path = (*above, field.name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _settings(field.type, path, prefix)
        else:
            yield Setting(
                name=".".join(path),
                variable=prefix + "_".join(path).upper(),
                default=_default(field.default),
                meaning=meanings[field.name].replace("|", "\\|"),
            )


def _default(value: Any) -> str:
    if value is msgspec.NODEFAULT:
        return "by this machine"
    if value in {"", ()}:
        return "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _meanings(kind: type[msgspec.Struct]) -> dict[str, str]:
    """By field, in one line each."""
    entries = _ENTRY.findall(inspect.cleandoc(kind.__doc__ or ""))
    found = {name: words for _, name, words in entries}
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    (definition,) = tree.body
    assert isinstance(definition, ast.ClassDef)
    for statement, below in zip(definition.body, definition.body[1:], strict=False):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                found[name] = words
    return {name: _in_one_line(words) for name, words in found.items()}


def _in_one_line(words: str) -> str:
    line = " ".join(words.split())
    return line[0].upper() + line[1:]
