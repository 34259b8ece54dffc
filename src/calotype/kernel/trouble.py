"""Lasting faults in a log: a full disk is one fault, however many attempts meet it."""

import logging
import time
from collections.abc import Callable

REPEATED_S = 60.0


class Trouble:
    """Says that something is wrong when it begins and once a minute while it lasts, then its end.

    `what` begins each line: what cannot go on.
    """

    def __init__(
        self, log: logging.Logger, what: str, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._what = what
        self._monotonic_s = monotonic_s
        self._words = ""
        self._said_s = 0.0

    def met(self, error: Exception) -> None:
        """It was met, perhaps again."""
        words, now = str(error), self._monotonic_s()
        if words != self._words or now - self._said_s >= REPEATED_S:
            self._log.warning("%s: %s", self._what, words)
            self._words, self._said_s = words, now

    def over(self) -> None:
        """It goes on; says so if there was trouble."""
        if self._words:
            self._log.info("%s no more", self._what)
            self._words = ""
