"""Diversity: a feed is many people's."""

from collections import deque
from collections.abc import Sequence

from calotype.ranking.ranker import Candidate

LONGEST_RUN = 3


def diversify(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Keep the order, but never more than 3 of one author in a row while another is at hand.

    A candidate that would make a fourth waits until someone else came between; what is left at
    the end is of one author and stays in order.
    """
    feed: list[Candidate] = []
    waiting: deque[Candidate] = deque()
    upcoming = deque(ranked)
    while upcoming or waiting:
        # Those who wait go first, as soon as the run they would have prolonged is broken.
        if waiting and not _prolongs(feed, waiting[0]):
            feed.append(waiting.popleft())
        elif upcoming and not _prolongs(feed, upcoming[0]):
            feed.append(upcoming.popleft())
        elif upcoming:
            waiting.append(upcoming.popleft())
        else:
            feed.append(waiting.popleft())
    return feed


def _prolongs(feed: Sequence[Candidate], candidate: Candidate) -> bool:
    run = feed[-LONGEST_RUN:]
    return len(run) == LONGEST_RUN and all(
        earlier.author_id == candidate.author_id for earlier in run
    )
