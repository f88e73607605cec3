"""The command ``rmt-hessian``: from its first moment on, Ctrl-C ends it in one line.

Outside the package, for to import any part of that takes a second, in which Ctrl-C would print a
traceback from the depth of some library.
"""

import os
import signal
from contextlib import suppress


def main():
    """Load the command line and run it."""
    usual = signal.default_int_handler
    if at_a_terminal := signal.getsignal(signal.SIGINT) is usual:  # else ignored, as by nohup
        signal.signal(signal.SIGINT, _end)
    from rmt_hessian import cli

    if at_a_terminal:
        signal.signal(signal.SIGINT, usual)
    cli.main()


def _end(number, _frame):
    with suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(128 + number)
