"""Puts limits on this process and becomes another program, which keeps them.

`python -m calotype.media.video.confined MEMORY_BYTES FILE_BYTES CPU_SECONDS PROGRAM ARGUMENT...`
"""

import os
import sys

from calotype.media.confinement import confine

# Behind decoders of photos, which have 5: nobody's photo waits for a video.
_NICENESS = 15


def main() -> None:
    memory, longest, seconds = map(int, sys.argv[1:4])
    program = sys.argv[4:]
    confine(memory, file_bytes=longest, cpu_seconds=seconds, niceness=_NICENESS)
    os.execv(program[0], program)  # noqa: S606  (no shell is what is wanted)


if __name__ == "__main__":
    main()
