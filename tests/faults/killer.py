"""Kills processes of a running server at random points of a history."""

import random
import threading
from collections import Counter

from calotype.kernel.leases import MAX_TRIES
from tests.faults.history import History
from tests.server import Server, eventually, kill

ROLES = {"web": 4, "worker": 4, "decoder": 4, "tree": 1, "wear": 1}
# How much of the history passes between two kills: 2 for each operation.
GAP = (3, 24)

WORK_COMES_S = 5.0


class Killer:
    """A thread that kills until the history is over."""

    def __init__(self, server: Server, history: History, chance: random.Random) -> None:
        self._server = server
        self._history = history
        self._chance = chance
        self._thread = threading.Thread(target=self._run)
        self.kills: Counter[str] = Counter()
        self.failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Raises AssertionError: the server did not come back."""
        self._thread.join()
        if self.failure is not None:
            raise AssertionError("the killer could not go on") from self.failure

    def _run(self) -> None:
        try:
            while self._history.wait(self._chance.randint(*GAP)):
                role = self._chance.choices([*ROLES], [*ROLES.values()])[0]
                self.kills[role] += self._kill(role)
        except BaseException as error:
            self.failure = error

    def _kill(self, role: str) -> int:
        """Kill one of a role, if there is any; how many were killed."""
        match role:
            case "tree":
                self._server.kill_tree()
                self._server.start()
                return 1
            case "wear":
                # Workers die while they work until some work has worn out its tries.
                return sum(self._kill_working_worker() for _ in range(MAX_TRIES + 1))
            case "decoder":
                decoders = self._server.decoders()  # there may be none: they leave when idle
                return bool(decoders) and kill(self._chance.choice(decoders))
            case _:
                # Perhaps killed a moment ago: the parent starts it again.
                return kill(eventually(lambda: self._server.children().get(role), f"a {role}"))

    def _kill_working_worker(self) -> bool:
        try:
            eventually(self._server.decoders, "a decoder", WORK_COMES_S)
        except AssertionError:
            return False  # nobody uploads just now
        worker = self._server.children().get("worker")
        return worker is not None and kill(worker)
