"""Access lines: the same as any line, in order, and no reader of the log holds the event loop up."""

import asyncio
import json
import logging
import os
from threading import Thread
from typing import Any

import pytest

from calotype.cli.access import WAITING, AccessWriter
from calotype.cli.logs import JsonFormatter, TextFormatter
from calotype.kernel.trace import tracing
from calotype.web.access import Answered
from calotype.web.deadlines import Deadline, Deadlines

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def told_at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "calotype.access")


def answered(number: int = 7) -> Answered:
    return Answered(1_700_000_000.0625, "t-1", "GET", "/feed/{id}", 200, 3.5, number)


def record() -> logging.LogRecord:
    made = logging.LogRecord("calotype.access", logging.INFO, "", 0, "answered", (), None)
    facts: dict[str, Any] = {"method": "GET", "route": "/feed/{id}", "status": 200, "ms": 3.5}
    made.facts = facts | {"bytes": 7}
    made.created = 1_700_000_000.0625
    return made


@pytest.mark.parametrize("as_text", [False, True])
async def test_a_line_is_as_the_formatters_make_it(as_text: bool) -> None:
    reading, writing = os.pipe()
    access = AccessWriter(writing, as_text)
    access.tell(answered())
    access.close()
    os.close(writing)
    with tracing("t-1"), os.fdopen(reading) as log:
        formatter = TextFormatter() if as_text else JsonFormatter()
        assert log.read() == formatter.format(record()) + "\n"


async def test_what_a_stuck_reader_cost_is_told_and_the_rest_is_in_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reading, writing = os.pipe()
    access = AccessWriter(writing, as_text=False)
    for number in range(3 * WAITING):
        access.tell(answered(number))
    read: list[str] = []

    def take() -> None:
        with os.fdopen(reading) as log:
            read.extend(log)

    reader = Thread(target=take)
    reader.start()
    await asyncio.to_thread(access.close)
    os.close(writing)
    reader.join()
    numbers = [json.loads(line)["bytes"] for line in read]
    assert numbers == sorted(numbers)
    lost = 3 * WAITING - len(numbers)
    assert lost > 0
    assert f"{lost} access lines were lost" in caplog.text


async def test_each_of_many_is_ended_at_its_time_and_others_are_not() -> None:
    deadlines = Deadlines(0.01)
    ended = []

    async def endless(number: int) -> None:
        try:
            with Deadline(deadlines):
                await asyncio.Event().wait()
        except TimeoutError:
            ended.append(number)

    with Deadline(deadlines):
        pass  # over in time: the timer that it set serves the next
    await asyncio.gather(*map(endless, range(3)))
    assert ended == [0, 1, 2]
    await endless(3)
    assert ended[-1] == 3


async def test_who_is_cancelled_by_another_is_not_late() -> None:
    begun = asyncio.Event()

    async def endless() -> None:
        with Deadline(Deadlines(60)):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(endless())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
