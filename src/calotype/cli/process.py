"""What the processes under `serve` have in common: how they start, and how they are told to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from calotype.bootstrap import prepare
from calotype.cli.logs import configure
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


def until_told(stop: Callable[[], None], parent: int) -> None:
    """Call `stop` on SIGTERM, SIGINT, or when the parent's end of the pipe closes."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    def orphaned() -> None:
        loop.remove_reader(parent)
        stop()

    loop.add_reader(parent, orphaned)
