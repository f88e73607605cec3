"""Work in chunks of a stated size, and independent pieces of it on all cores.

A piece has one thread, and BLAS within it too.

Many products of a few million operations run faster side by side than one after the other with
BLAS splitting each, and what happens between them (packing, exponentials, scattering) runs side by
side too. A single piece keeps all of BLAS's threads.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from typing import TypeVar

import numba
from threadpoolctl import ThreadpoolController

P = TypeVar("P")
R = TypeVar("R")
CHUNK_SIZE = 2**24  # numbers that a temporary array may hold: 128 MB in float64
WORTH_A_THREAD = 2**28  # operations of products, some milliseconds
ALL = slice(None)
A_WRITE = 64  # as many operations take the time to write a number to memory
LONG = 2**15  # numbers of a vector from which on a product with it is worth several threads
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS")}
_LOCK = threading.Lock()  # the thread count of BLAS belongs to the whole process
_HERE = threading.local()  # has `inside` in the threads that work on a piece


def slices(length: int, size: int) -> Iterator[slice]:
    """Yield slices of at most ``size`` (at least 1) that cover ``0 … length-1`` in order."""
    size = max(1, size)
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


def consecutive_slices(sizes: Iterable[int]) -> list[slice]:
    """Slices of these lengths, one after another."""
    ends = [0, *accumulate(map(int, sizes))]
    return [slice(start, end) for start, end in pairwise(ends)]


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def n_threads() -> int:
    """How many pieces run side by side: as many threads as BLAS may use, one within a piece."""
    if hasattr(_HERE, "inside"):
        return 1
    return max((lib.num_threads for lib in _blas().lib_controllers), default=1)


def shares(length: int, operations: int) -> list[range]:
    """Ranges that cover ``0 … length-1``: a few a thread, so that they end at about one time, but
    each worth a thread. ``operations`` is the work of one item.
    """
    few = max(-(-length // (4 * n_threads())), -(-WORTH_A_THREAD // operations))
    return [range(part.start, part.stop) for part in slices(length, few)]


def _enter() -> None:
    _HERE.inside = True
    _blas().limit(limits=1)  # where the count belongs to the thread


def parallel_map(
    work: Callable[[P], R], pieces: Iterable[P], at_most: int | None = None
) -> list[R]:
    """Return ``[work(piece) for piece in pieces]``, `n_threads` or ``at_most`` at a time."""
    pieces = list(pieces)
    threads = min(n_threads(), len(pieces) if at_most is None else at_most, len(pieces))
    if threads <= 1:
        return [work(piece) for piece in pieces]
    pool = ThreadPoolExecutor(threads, initializer=_enter)
    with _LOCK, _blas().limit(limits=1), pool:
        return list(pool.map(work, pieces))


@lru_cache(maxsize=1)
def _libraries(_modules: int) -> ThreadpoolController:
    """All that can be limited; looked for anew, in milliseconds, where modules were imported."""
    return ThreadpoolController()


class _OneThreadOfProcess:
    """The thread counts of BLAS and OpenMP, and the environment, which belong to the process: the
    first caller limits them, the last one that leaves restores them.
    """

    def __init__(self) -> None:
        self.lock, self.callers, self.limits = threading.Lock(), 0, ExitStack()

    def __enter__(self) -> None:
        with self.lock:
            if self.callers == 0:
                self.limits.callback(_restore, {name: os.environ.get(name) for name in ONE_THREAD})
                os.environ.update(ONE_THREAD)  # for libraries that are loaded within
                self.limits.enter_context(_libraries(len(sys.modules)).limit(limits=1))
            self.callers += 1

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.callers -= 1
            if self.callers == 0:
                self.limits.close()


def _restore(environment: dict[str, str | None]) -> None:
    for name, value in environment.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


_OF_PROCESS = _OneThreadOfProcess()


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it, BLAS, OpenMP and numba use one thread: sums in one order, so the same bits."""
    threads = numba.get_num_threads()  # of this thread alone
    numba.set_num_threads(1)
    try:
        with _OF_PROCESS:
            yield
    finally:
        numba.set_num_threads(threads)


def one_thread_for_short(length: int) -> AbstractContextManager[None]:
    """`one_thread` where vectors are short: on a busy machine threads that wait for each other at
    every product take twenty times longer.
    """
    return one_thread() if length < LONG else nullcontext()
