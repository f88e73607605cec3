"""Independent pieces of work side by side."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import rmt_hessian as rh
from rmt_hessian._threads import one_thread_for_short, parallel_map
from tests.tolerances import EXACT

PATIENCE = 400  # seconds, on however busy a machine; who has not come back by then never does


def blas_threads():
    return [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]


@pytest.fixture
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if max(blas_threads(), default=1) < 2:
            pytest.skip("this BLAS has one thread")
        yield


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_piece_once_in_order(n, threads):
    called = []
    with threadpool_limits(threads, user_api="blas"):
        results = parallel_map(lambda piece: (called.append(piece), piece**2)[1], iter(range(n)))
    assert sorted(called) == list(range(n))
    assert results == [piece**2 for piece in range(n)]


def test_pieces_run_side_by_side(two_threads):
    """Two pieces meet at a barrier: one thread would wait there for ever."""
    barrier = threading.Barrier(2, timeout=PATIENCE)
    parallel_map(lambda _: barrier.wait(), range(2))


def test_blas_has_one_thread_inside_and_its_own_number_afterwards(two_threads):
    before = blas_threads()
    inside = parallel_map(lambda _: blas_threads(), range(4))
    assert all(max(threads) == 1 for threads in inside)
    assert blas_threads() == before


def test_a_single_piece_keeps_all_threads_of_blas(two_threads):
    assert max(parallel_map(lambda _: blas_threads(), [0])[0]) == 2


@pytest.mark.parametrize("bad", [0, 3, 9])
def test_errors_come_out_and_restore_blas(two_threads, bad):
    before = blas_threads()

    def work(piece):
        if piece == bad:
            raise ZeroDivisionError(f"piece {piece}")

    with pytest.raises(ZeroDivisionError, match=f"piece {bad}"):
        parallel_map(work, range(10))
    assert blas_threads() == before
    assert parallel_map(lambda piece: piece, range(3)) == [0, 1, 2]  # and the lock is free


def test_a_piece_may_spread_again(two_threads):
    results = parallel_map(lambda i: sum(parallel_map(lambda j: 10 * i + j, range(3))), range(4))
    assert results == [30 * i + 3 for i in range(4)]


TWO_CALLERS = """
import os, sys, threading, time
import numpy as np, scipy.linalg
from threadpoolctl import threadpool_limits
import rmt_hessian as rh
from rmt_hessian._threads import parallel_map

def nested(which):
    def piece(item):
        time.sleep(0.001)
        return parallel_map(lambda part: (which, item, part), range(2))
    expected = [[(which, item, part) for part in range(2)] for item in range(6)]
    assert all(parallel_map(piece, range(6)) == expected for _ in range(20))

def raised_within(which):
    def piece(item):
        with threadpool_limits(2, user_api="blas"):
            return parallel_map(lambda part: part, range(2))
    assert parallel_map(piece, range(4)) == [[0, 1]] * 4

def hessians(which):
    rng = np.random.default_rng(which)
    net, X = rh.Network.random([20, 11, 13], rng), rng.standard_normal((300, 20))
    for _ in range(5):
        H = rh.layer_hessian(net, X, 1, "ce")
        dense = H.to_dense()
        np.testing.assert_allclose(H @ np.eye(len(dense)), dense, atol=1e-12)
        y = rng.integers(0, 13, 300)
        whole = rh.network_hessian(net, X, y, "ce").to_dense()
        np.testing.assert_array_equal(whole, whole.T)

def call(which):
    WORK(which)
    done.append(which)

done = []
LIMIT
callers = [threading.Thread(target=call, args=(which,), daemon=True) for which in range(2)]
for caller in callers:
    caller.start()
for caller in callers:
    caller.join(PATIENCE)
if sorted(done) != [0, 1]:
    print(f"of the callers 0 and 1 only {done} came back", file=sys.stderr, flush=True)
    os._exit(1)  # an orderly end would wait for them
"""


@pytest.mark.parametrize("limit", ["pass", "threadpool_limits(2, user_api='blas')"])
@pytest.mark.parametrize("work", ["nested", "raised_within", "hessians"])
def test_two_callers_at_once(work, limit):
    """Also where the main thread has set a limit, so that no other thread can set one.

    The thread count of BLAS belongs to the process, and `threadpoolctl` (3.8) lets one thread
    alone change it: whether a piece runs inside `parallel_map` cannot be read from it. In a process
    of its own, which two callers that wait for each other do not block.
    """
    code = f"PATIENCE = {PATIENCE}\n" + TWO_CALLERS.replace("WORK", work).replace("LIMIT", limit)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        env=environment,
    )
    assert result.returncode == 0, result.stderr


def hessians(widths, loss, n_samples=700):
    rng = np.random.default_rng(0)
    net, X = rh.Network.random(widths, rng), rng.standard_normal((n_samples, widths[0]))
    y = rng.integers(0, widths[-1], n_samples)
    whole = rh.network_hessian(net, X, y, loss).to_dense()
    return [whole, *(rh.layer_hessian(net, X, l, loss).to_dense() for l in range(net.n_layers))]


SHAPES = [[90, 1], [60, 7], [5, 40], [24, 37], [20, 11, 13], [32, 19, 20], [24, 15, 17, 14]]


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("widths", SHAPES, ids=str)
def test_dense_hessians_do_not_depend_on_the_number_of_threads(widths, loss):
    """But for rounding: BLAS orders the sums of a product by its own number of threads."""
    if widths[-1] == 1 and loss == "ce":
        return
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            results.append(hessians(widths, loss))
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=EXACT * np.abs(one).max())


@pytest.mark.parametrize(("length", "threads"), [(2**15 - 1, 1), (2**15, 2)])
def test_short_vectors_take_one_thread(length, threads):
    with threadpool_limits(limits=2):
        with one_thread_for_short(length):
            assert set(blas_threads()) == {threads}
        assert set(blas_threads()) == {2}


def test_one_thread_within_and_as_before_after_it():
    import os

    import numba
    import threadpoolctl

    from rmt_hessian._threads import one_thread

    numba.get_num_threads()  # loads a pool of its own: it is there before and after

    def state():
        pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
        return pools, numba.get_num_threads(), os.environ.get("OMP_NUM_THREADS")

    with threadpoolctl.threadpool_limits(limits=2):
        before = state()
        with one_thread():
            pools, numba_threads, variable = state()
            assert set(pools) == {1}
            assert (numba_threads, variable) == (1, "1")
        assert state() == before
