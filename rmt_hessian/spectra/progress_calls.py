"""How a long computation tells how far it is: ``progress(done, total)``."""

import threading

from rmt_hessian._validation import came


def progress_callback(progress):
    """Return ``progress``, a callable or None.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if progress is not None and not callable(progress):
        raise ValueError(
            f"progress must be callable as progress(done, total), got {came(progress)}"
        )
    return progress


class ProductCount:
    """Products done by several threads, told one call at a time."""

    def __init__(self, progress, total):
        self.progress, self.total = progress_callback(progress), total
        self.done, self.lock = 0, threading.Lock()

    def add(self, number):
        """So many more are done."""
        with self.lock:
            self.done += number
            if self.progress is not None and number > 0:
                self.progress(self.done, self.total)
