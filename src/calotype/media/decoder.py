"""A decoder: one process that renders one photo at a time, for the pool that started it.

`python -m calotype.media.decoder LIMITS`, with DecoderLimits as JSON. It ends when its standard
input closes, and after any failure that is not the photo's: a new one is cheap, a sick one is not.
Imports are kept lean, since it comes and goes with the work.
"""

import os
import sys
from pathlib import Path

import msgspec

from calotype.kernel.errors import BadMedia
from calotype.media.confinement import confine, silence
from calotype.media.process import prepare_libvips, process
from calotype.media.settings import DecoderLimits
from calotype.media.wire import Answer, Failed, Refused, Request, frame, read_request


def answer(request: Request, limits: DecoderLimits) -> Answer:
    try:
        return process(Path(request.path), limits, request.look)
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
