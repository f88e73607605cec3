"""How a long computation tells how far it is: ``progress(done, total)``."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rmt_hessian._checks.arguments import function_or_none
from rmt_hessian._types import Progress


class ProductCount:
    """Products done by several threads, told one call at a time.

    After an error in one of the threads, the next product of every other raises it too.
    """

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total = function_or_none(progress, "progress", "done, total"), total
        self.done, self.lock = 0, threading.Lock()
        self.error: BaseException | None = None

    def add(self, number: int) -> None:
        """So many more are done."""
        with self.lock:
            if self.error is not None:
                raise self.error
            self.done += number
            if self.progress is not None and number > 0:
                self.progress(self.done, self.total)

    @contextmanager
    def shared_errors(self) -> Iterator[None]:
        """What is raised within ends the work of all."""
        try:
            yield
        except BaseException as error:
            self.error = self.error or error
            raise
