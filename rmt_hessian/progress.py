"""How a run shows how far it is: one live bar on a terminal, plain lines elsewhere."""

import sys
import time
from contextlib import contextmanager

import rich.console
from rich.progress import BarColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

LINE_SECONDS = 10  # between two plain lines
RATE_SECONDS = 600  # the rate is that of so long, without the first point: it loads and compiles


@contextmanager
def shown(name):
    """Yield the functions ``progress(counts)`` and ``notice(line)`` for a run."""
    console, last = rich.console.Console(stderr=True), -LINE_SECONDS
    columns = "{task.description}", BarColumn(), "{task.fields[told]}", TimeElapsedColumn()
    bar = Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        get_time=time.monotonic,
        speed_estimate_period=RATE_SECONDS,
    )
    bar.add_task(name, total=None, told="")
    (task,) = bar.tasks

    def update(counts):
        bar.update(task.id, completed=counts.done + counts.failed, total=counts.total)
        rate = [f"{task.speed:.3g}/s"] if task.speed else []
        return rate, [f"{counts.failed} failed"] if counts.failed else []

    def redraw(counts):
        rate, failed = update(counts)
        told = [f"{counts.done}/{counts.total}", *rate, *failed]
        bar.update(task.id, told=", ".join(told))

    def line(counts):
        nonlocal last
        rate, failed = update(counts)
        if task.finished or time.monotonic() > last + LINE_SECONDS:
            last = time.monotonic()
            left = [f"{duration(task.time_remaining)} left"] if task.time_remaining else []
            told = [f"{name}: {counts.done} of {counts.total} points", *rate, *left, *failed]
            print(", ".join(told), file=sys.stderr)

    if console.is_terminal:
        with bar:
            yield redraw, lambda text: console.print(text, markup=False, highlight=False)
    else:
        yield line, lambda text: print(text, file=sys.stderr)


def duration(seconds):
    """A time in words: the two largest units."""
    minutes, hours = round(seconds) // 60, round(seconds) // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    if minutes:
        return f"{minutes} min {round(seconds) % 60} s"
    return f"{seconds:.0f} s" if seconds >= 1 else "less than 1 s"
