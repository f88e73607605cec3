"""How a long computation tells how far it is: ``progress(done, total)``."""

import threading
from contextlib import contextmanager

from rmt_hessian._validation import describe


def progress_callback(progress):
    """Return ``progress``, a callable or None.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if progress is not None and not callable(progress):
        raise ValueError(
            f"progress must be callable as progress(done, total), got {describe(progress)}"
        )
    return progress


class ProductCount:
    """Products done by several threads, told one call at a time.

    After an error in one of the threads, the next product of every other raises it too.
    """

    def __init__(self, progress, total):
        self.progress, self.total = progress_callback(progress), total
        self.done, self.error, self.lock = 0, None, threading.Lock()

    def add(self, number):
        """So many more are done."""
        with self.lock:
            if self.error is not None:
                raise self.error
            self.done += number
            if self.progress is not None and number > 0:
                self.progress(self.done, self.total)

    @contextmanager
    def shared_errors(self):
        """What is raised within ends the work of all."""
        try:
            yield
        except BaseException as error:
            self.error = self.error or error
            raise
