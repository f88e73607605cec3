"""Standard output and error of the command line, whatever they are connected to."""

import os
import sys
from contextlib import contextmanager


@contextmanager
def robust_streams():
    """Within it any text can be printed; nothing is left over for Python to complain of at the end.

    What a stream cannot encode is written as its number, ``\\u03bb``; a stream that was closed
    before the start takes all.
    """
    for name in ("stdout", "stderr"):
        if stream := getattr(sys, name):
            stream.reconfigure(errors="backslashreplace")
        else:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    # and for the workers it starts: what a measurement prints must not fail it
    os.environ["PYTHONIOENCODING"] = f"{sys.stdout.encoding}:backslashreplace"
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:  # a full disk, a closed pipe: Python would try again
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
