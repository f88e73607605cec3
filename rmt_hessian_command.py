"""The command ``rmt-hessian``: from its first moment on, Ctrl-C ends it in one line.

It lies outside the package, because to import any part of that takes a second, in which Ctrl-C
would print a traceback from the depth of some library.
"""

import os
import signal
from contextlib import suppress


def main():
    """Load the command line and run it."""
    usual = signal.default_int_handler
    heard = signal.getsignal(signal.SIGINT) is usual  # not ignored, as nohup does
    if heard:
        signal.signal(signal.SIGINT, _end)
    from rmt_hessian import cli

    if heard:
        signal.signal(signal.SIGINT, usual)
    cli.main()


def _end(number, _frame):
    with suppress(OSError):
        os.write(2, b"interrupted\n")
    os._exit(128 + number)
