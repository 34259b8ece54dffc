"""What the processes under `serve` have in common: how they start, and how they are told to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from calotype.bootstrap import must_migrate, prepare
from calotype.cli.logs import configure
from calotype.cli.serve import alone
from calotype.connections.migrate import Migrated
from calotype.kernel.errors import Misconfigured
from calotype.settings import Settings, load_settings


def started() -> Settings:
    settings = load_settings(os.environ)
    configure(settings.log_level, settings.log_format)
    try:
        prepare(settings)
    except Misconfigured as error:
        print(f"calotype: {error.message}", file=sys.stderr)
        sys.exit(2)
    return settings


def prepare_alone(settings: Settings) -> list[Migrated]:
    """Prepare for a command that runs beside a server, or without one.

    Raises:
        Misconfigured: there is something to migrate under a running server, which knows only the
            old schema; and as `prepare`.
    """
    if not must_migrate(settings):
        return prepare(settings)
    with alone(settings.directory):
        return prepare(settings)


def until_told(stop: Callable[[], None], parent: int) -> None:
    """Call `stop` on SIGTERM, SIGINT, or when the parent's end of the pipe closes."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    def orphaned() -> None:
        loop.remove_reader(parent)
        stop()

    loop.add_reader(parent, orphaned)
