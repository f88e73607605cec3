"""Send tasks to workers and hear what becomes of them; what they find is on disk already."""

import time
from collections import deque
from concurrent.futures import CancelledError

from rmt_hessian.sweep.work import Task, perform

TASK_SECONDS = 0.1  # a task should last so long; sending one takes some milliseconds
SCHEDULER_SECONDS = 0.02  # and for each worker so much longer: one scheduler serves them all
MOST_POINTS = 256  # of a task
AHEAD = 2  # tasks sent for each worker, so that the next one is there when it is free
COUNT_SECONDS = 2.0  # between two looks at how many workers there are
POLL_SECONDS = 0.01  # between two looks whether a task has ended
PATIENCE_SECONDS = 300  # without a worker, where none can be waiting in a queue


class Stopped(RuntimeError):
    """The run cannot go on: the scheduler is lost, or results cannot be written."""


def here(points, folder):
    """Measure ``{key: Point}`` one by one in this process; yield ``(keys, Done, None)`` of each.

    Raises
    ------
    Stopped
        If a result cannot be written.
    """
    for key, point in points.items():
        try:
            done = perform(Task.of({key: point}, folder))
        except (OSError, RuntimeError, LookupError) as error:
            raise Stopped(reason(error, folder)) from error
        yield [key], done, None


def on_workers(client, points, folder, durations):
    """Measure ``{key: Point}`` on the workers of a client; yield ``(keys, Done, death)`` of each.

    Cheap points go together, in tasks of about `TASK_SECONDS`; ``durations`` says which are. A
    task whose workers died is tried again by Dask; given up, its points come back at the end, each
    alone while nothing else runs, so that none is blamed for another. One that kills its workers
    even so is reported with ``death``, the reason, in place of `Done`.

    Raises
    ------
    Stopped
        If the scheduler is lost, a result cannot be written, or a worker has another version.
    """
    from distributed import KilledWorker, as_completed

    workers = _Workers(client)
    waiting, suspects, sent = deque(points), deque(), {}
    running = as_completed(loop=client.loop)

    def send(keys):
        task = Task.of({key: points[key] for key in keys}, folder)
        future = client.submit(perform, task, pure=False)
        sent[future] = keys
        running.add(future)

    while waiting or suspects or sent:
        while waiting and len(sent) < AHEAD * workers.count():
            send(_cheap_ones(waiting, points, durations, workers.count()))
        alone = not sent
        if alone:
            send([suspects.popleft()])
        while not running.has_ready():
            workers.count()  # raises if there is no hope
            time.sleep(POLL_SECONDS)
        future = next(running)
        keys = sent.pop(future)
        result, error = _outcome(future, workers)
        if error is None:
            yield keys, result, None
        elif isinstance(error, CancelledError):
            raise Stopped(f"lost the scheduler at {client.scheduler.address}")
        elif not isinstance(error, KilledWorker):
            raise Stopped(reason(error, folder)) from error
        elif alone:
            yield keys, None, f"its worker died, {error.allowed_failures + 1} times"
        else:
            suspects.extend(keys)


def _outcome(future, workers):
    """What a task that has ended returned, and None; or None, and its error.

    A worker may die after the task has ended and before anybody has its result: then Dask does it
    again, and it may fail. (`as_completed` with results forgets such a task: nobody hears of it.)
    """
    while future.status not in ("error", "cancelled"):
        try:
            return future.result(timeout=COUNT_SECONDS), None
        except OSError:  # not in time, or the way to the scheduler is cut off
            workers.count()  # raises if there is no hope
            time.sleep(POLL_SECONDS)
        except Exception as error:
            if future.status not in ("error", "cancelled"):
                return None, error
    return None, future.exception() if future.status == "error" else CancelledError()


def _cheap_ones(waiting, points, durations, workers):
    """Take points from the left until they fill a task; one of unknown duration goes alone."""
    keys, full = [waiting.popleft()], max(TASK_SECONDS, SCHEDULER_SECONDS * workers)
    total = durations.of(points[keys[0]].setting)
    while waiting and total is not None and len(keys) < MOST_POINTS:
        seconds = durations.of(points[waiting[0]].setting)
        if seconds is None or total >= full or total + seconds > 2 * full:
            break
        keys.append(waiting.popleft())
        total += seconds
    return keys


class _Workers:
    """The workers of a client, asked for now and then: they come and go."""

    def __init__(self, client):
        self.client, self.known, self.seen = client, 0, time.monotonic()
        self.asked = -COUNT_SECONDS
        self.own = type(client.cluster).__name__ == "LocalCluster"

    def count(self):
        """How many there are, at least 1 for the sake of those to come.

        Raises
        ------
        Stopped
            If the scheduler is lost, or this machine has been without a worker for too long.
        """
        if self.client.status != "running":
            raise Stopped(f"lost the scheduler at {self.client.scheduler.address}")
        now = time.monotonic()
        if now > self.asked + COUNT_SECONDS:
            self.known, self.asked = len(self.client.nthreads()), now
        if self.known:
            self.seen = now
        elif self.own and now > self.seen + PATIENCE_SECONDS:
            raise Stopped(f"no worker has lived for {PATIENCE_SECONDS} s")
        return max(1, self.known)


def reason(error, folder):
    """One line; of a full disk, where it is."""
    if isinstance(error, OSError) and error.errno:
        return f"cannot write into {folder}: {error.strerror}"
    return f"{error}".partition("\n")[0] or type(error).__name__
