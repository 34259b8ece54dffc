"""A lasting fault is said once a minute, and work that meets it loses no try."""

import logging

import pytest

from calotype.kernel.errors import DecoderCrashed, ReadOnly, StorageFull, Unavailable
from calotype.kernel.trouble import REPEATED_S, Trouble
from calotype.workers import rest as module
from calotype.workers.rest import Rest, is_blameless


def test_a_lasting_fault_is_said_when_it_begins_once_a_minute_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0
    trouble = Trouble(logging.getLogger("calotype.test"), "it rests", lambda: now)
    trouble.over()
    for _ in range(100):
        trouble.met(StorageFull("the disk is full"))
    now = REPEATED_S
    trouble.met(StorageFull("the disk is full"))
    trouble.met(Unavailable("the disk is gone"))
    for _ in range(2):
        trouble.over()
    assert [record.message for record in caplog.records] == [
        "it rests: the disk is full",
        "it rests: the disk is full",
        "it rests: the disk is gone",
        "it rests no more",
    ]


def test_only_what_work_is_done_with_is_no_fault_of_its_own() -> None:
    assert all(map(is_blameless, (StorageFull(""), ReadOnly(""), Unavailable(""))))
    assert not any(map(is_blameless, (DecoderCrashed(""), ValueError(""))))


@pytest.mark.anyio
async def test_settling_is_tried_until_there_is_room_and_nothing_begins_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.001)
    rest = Rest("photos")
    assert rest.seconds == 0
    answers = [False, False, True]
    rests: list[bool] = []

    async def settle() -> bool:
        rests.append(rest.seconds > 0)
        if not answers.pop(0):
            raise StorageFull("the disk is full")
        return True

    assert await rest.insist(settle)
    assert rests == [True, True, True]
