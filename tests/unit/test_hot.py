"""Hot files: bounded memory, and nothing of an author who changed something."""

from calotype.connections.changes import Change, Versions
from calotype.kernel.ids import shard_of
from calotype.web.hot import LARGEST, HotFiles
from tests.clocks import ManualClock

MEDIUM = 7 << 22 | 5 << 10
BODY = b"x" * 1_000


def test_the_longest_unasked_goes_first() -> None:
    hot = HotFiles(Versions(), ManualClock(), 2 * len(BODY))
    for path in ("a", "b"):
        hot.keep(path, 0, MEDIUM, {"ETag": path}, BODY)
    assert hot.get("a") is not None
    hot.keep("c", 0, MEDIUM, {}, BODY)
    assert hot.get("b") is None
    found = hot.get("a")
    assert found is not None
    assert (found.headers, found.body) == ([(b"etag", b"a")], BODY)
    assert hot.get("c") is not None


def test_what_is_kept_again_takes_its_room_once() -> None:
    hot = HotFiles(Versions(), ManualClock(), 2 * len(BODY))
    for path in ("a", "b", "b", "b"):
        hot.keep(path, 0, MEDIUM, {}, BODY)
    assert hot.get("a") is not None


def test_what_is_large_or_for_which_there_is_no_room_is_not_kept() -> None:
    hot = HotFiles(Versions(), ManualClock(), 10 * LARGEST)
    hot.keep("a", 0, MEDIUM, {}, b"x" * (LARGEST + 1))
    assert hot.get("a") is None
    none = HotFiles(Versions(), ManualClock(), 0)
    none.keep("a", 0, MEDIUM, {}, BODY)
    assert none.get("a") is None


def test_a_change_of_its_author_or_a_minute_ends_it() -> None:
    versions, clock = Versions(), ManualClock()
    hot = HotFiles(versions, clock, LARGEST)
    judged = versions.now
    hot.keep("a", judged, MEDIUM, {}, BODY)
    versions.changed(Change(authors=(shard_of(MEDIUM) + 1,)))
    assert hot.get("a") is not None
    versions.changed(Change(authors=(shard_of(MEDIUM),)))
    assert hot.get("a") is None
    hot.keep("a", judged, MEDIUM, {}, BODY)
    assert hot.get("a") is None, "judged before the change, kept after it"
    hot.keep("a", versions.now, MEDIUM, {}, BODY)
    clock.advance(seconds=60)
    assert hot.get("a") is None
