"""A decoder: one process that renders one photo at a time, for the pool that started it.

`python -m calotype.media.decoder LIMITS`, with DecoderLimits as JSON. It ends when its standard
input closes, and after any failure that is not the photo's: a new one is cheap, a sick one is not.
Imports are kept lean, since it comes and goes with the work.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from calotype.kernel.errors import BadMedia
from calotype.media.confinement import confine, silence
from calotype.media.process import make_master, measure, prepare_libvips, process
from calotype.media.settings import DecoderLimits
from calotype.media.wire import Answer, Failed, Refused, Request, Task, frame, read_request

_DO: dict[Task, Callable[[Request, DecoderLimits], Answer]] = {
    Task.RENDER: lambda request, limits: process(Path(request.path), limits, request.look),
    Task.MASTER: lambda request, limits: make_master(Path(request.path), limits),
    Task.MEASURE: lambda request, limits: measure(Path(request.path), limits),
}


def answer(request: Request, limits: DecoderLimits) -> Answer:
    try:
        return _DO[request.task](request, limits)
    except BadMedia as error:
        return Refused(error.code, error.message)
    except MemoryError:
        return Failed("it ran out of memory")
    except Exception as error:
        return Failed(f"{type(error).__name__}: {error}")


def main() -> None:
    limits = msgspec.json.decode(sys.argv[1], type=DecoderLimits)
    requests, answers = silence()
    confine(limits.memory_bytes)
    prepare_libvips()
    with os.fdopen(requests, "rb") as source, os.fdopen(answers, "wb") as sink:
        while (request := read_request(source)) is not None:
            reply = answer(request, limits)
            sink.write(frame(reply))
            sink.flush()
            if isinstance(reply, Failed):
                return


if __name__ == "__main__":
    main()
