"""Log lines: one an event, as JSON for machines or as text for people.

Guarantees: no line holds what a person wrote, who they are, where they are, or a secret: lines are
made of our own words and of facts that the caller names; of an exception its kind and its place
in the code are told, and its words only where they are ours (kernel/errors.py: loggable).
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from calotype.kernel.errors import loggable
from calotype.kernel.trace import current_trace

LogFormat = Literal["auto", "text", "json"]


def configure(level: str, format_: LogFormat) -> None:
    """Log to stderr; `auto` is text on a terminal and JSON everywhere else."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextFormatter() if is_text(format_) else JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # What no line shows need not be found out for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # as its docs advise: no caller is sought for a line
    for name in ("alembic", "asyncio", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)


def is_text(format_: LogFormat) -> bool:
    return format_ == "text" or (format_ == "auto" and sys.stderr.isatty())


class JsonFormatter(logging.Formatter):
    """`{"time", "level", "logger", "message", "request"?, ...facts, "error"?}`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().strip(),
        }
        if trace := current_trace():
            line["request"] = trace
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1]:
            line["error"] = "".join(_told(record.exc_info[1])).rstrip()
        return msgspec.json.encode(line).decode()


class TextFormatter(logging.Formatter):
    """`time LEVEL logger: message fact=value ... request=id`, and an error's lines below."""

    def format(self, record: logging.LogRecord) -> str:
        facts = dict(getattr(record, "facts", {}))
        if trace := current_trace():
            facts["request"] = trace
        words = [record.getMessage().strip(), *(f"{name}={facts[name]}" for name in facts)]
        line = f"{_time(record)} {record.levelname} {record.name}: {' '.join(words)}"
        if record.exc_info and record.exc_info[1]:
            line += "\n" + "".join(_told(record.exc_info[1])).rstrip()
        return line


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(error: BaseException) -> Iterator[str]:
    """A stack trace, the causes first, without the words of errors that are not ours."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _told(before)
    yield from traceback.format_tb(error.__traceback__)
    yield f"{loggable(error)}\n"
