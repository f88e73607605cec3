"""How a run shows how far it is: one live bar on a terminal, plain lines elsewhere."""

import sys
import time
from contextlib import contextmanager

import rich.console
import rich.progress

LINE_SECONDS = 10  # between two plain lines


@contextmanager
def shown(name):
    """Yield the functions ``progress(counts)`` and ``notice(line)`` for a run."""
    console = rich.console.Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(name), lambda line: print(line, file=sys.stderr)
        return
    columns = (
        "{task.description}",
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        "{task.fields[told]}",
        rich.progress.TimeElapsedColumn(),
    )
    with rich.progress.Progress(*columns, console=console) as bar:
        task, rate = bar.add_task(name, total=None, told=""), _Rate()

        def progress(counts):
            bar.update(task, completed=counts.done, total=counts.total, told=rate.words(counts))

        yield progress, lambda line: console.print(line, markup=False, highlight=False)


class _Lines:
    """A line at the start, then one now and then, and at the end."""

    def __init__(self, name):
        self.name, self.rate, self.last = name, _Rate(), -LINE_SECONDS

    def __call__(self, counts):
        words = self.rate.words(counts)
        over = counts.done + counts.failed == counts.total
        if over or time.monotonic() > self.last + LINE_SECONDS:
            self.last = time.monotonic()
            told = f", {words}" if words else ""
            print(f"{self.name}: {counts.done} of {counts.total} points{told}", file=sys.stderr)


class _Rate:
    """Points a second since the first call, the time left, and failures, in words."""

    def __init__(self):
        self.first = None

    def words(self, counts):
        ended, now = counts.done + counts.failed, time.monotonic()
        if self.first is None:
            self.first = ended, now
        before, started = self.first
        words = []
        if ended > before:
            words.append(f"{(ended - before) / (now - started):.3g}/s")
        if counts.seconds_left is not None and ended < counts.total:
            words.append(f"{duration(counts.seconds_left)} left")
        if counts.failed:
            words.append(f"{counts.failed} failed")
        return ", ".join(words)


def duration(seconds):
    """A time in words: the two largest units."""
    minutes, hours = round(seconds) // 60, round(seconds) // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    if minutes:
        return f"{minutes} min {round(seconds) % 60} s"
    return f"{seconds:.0f} s" if seconds >= 1 else "less than 1 s"
