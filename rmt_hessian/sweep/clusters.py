"""Where tasks run: processes of this machine, a running Dask scheduler, or SLURM."""

import logging
import re
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker

from rmt_hessian._threads import ONE_THREAD
from rmt_hessian.sweep.signals import defer_signals

SLURM = "slurm"
ADDRESS = re.compile(r"(tcp|tls)://.+:\d+")
ENVIRONMENT = ONE_THREAD | {"NUMBA_NUM_THREADS": "1"}
CONNECT_SECONDS = 30
LOST_SECONDS = 60  # a worker that has not come back in that time is replaced
RENEW_SECONDS = 10  # between two looks at whether one is to be replaced


def cores():
    """The processor cores that this process may use."""
    from dask.system import CPU_COUNT

    return CPU_COUNT


@contextmanager
def connect(workers, scheduler=None):
    """A `distributed.Client` of so many workers with one thread each.

    They are processes of this machine, or with the scheduler ``slurm`` in its jobs; a running
    scheduler, ``tcp://HOST:PORT``, has its own. Raises ValueError if it is neither of them, OSError
    if none answers there or SLURM refuses the jobs, ImportError if a package for SLURM is missing.
    """
    check(scheduler)
    import dask
    from distributed import Client

    settings = {
        "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
        "distributed.scheduler.allowed-failures": 1,
        "distributed.deploy.lost-worker-timeout": f"{LOST_SECONDS}s",
        # a long product may hold a worker's event loop for minutes: that is not a death
        "distributed.scheduler.worker-ttl": None,
        # what Dask does 50 to 100 times a second in each process slows points down by some percent
        "distributed.worker.profile.enabled": False,
        "distributed.admin.tick.interval": "1s",
        "distributed.admin.system-monitor.interval": "10s",
    }
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is told by the run
    with dask.config.set(settings), ExitStack() as stack:
        if scheduler in (None, SLURM):
            with _out_of_reach_of_ctrl_c():
                make = _slurm_cluster if scheduler == SLURM else _local_cluster
                scheduler = stack.enter_context(make(workers))
            stack.callback(_respawn_lost_workers(scheduler, workers))
        try:
            client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except TypeError as error:  # tls:// without certificates
            raise ValueError(f"{scheduler}: {error}") from error
        yield stack.enter_context(client)


def check(scheduler):
    """Raise ValueError unless it is none, ``slurm`` or an address."""
    if scheduler not in (None, SLURM) and not ADDRESS.fullmatch(scheduler):
        raise ValueError(f"the scheduler must be tcp://HOST:PORT or slurm, got {scheduler!r}")


def _respawn_lost_workers(cluster, workers):
    """Replace workers that are lost; returns what ends it."""
    from tornado.ioloop import PeriodicCallback

    again = PeriodicCallback(lambda: _replace_failed(cluster, workers), 1000 * RENEW_SECONDS)
    cluster.loop.add_callback(again.start)
    return lambda: cluster.loop.add_callback(again.stop)


def _replace_failed(cluster, workers):
    """Start as many as are missing; Dask counts also those that died while they started."""
    from distributed import Status

    for name, worker in list(cluster.workers.items()):
        if worker.status == Status.failed:
            del cluster.workers[name]
    cluster.scale(workers)


def _local_cluster(workers):
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=0,  # a paused worker would never end
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )


@contextmanager
def _out_of_reach_of_ctrl_c():
    """Processes started within, and later by threads started within, never see Ctrl-C.

    Workers that die of it would be started again; it is this process that stops them. And a
    cluster that is interrupted while it starts does not end in order.
    """
    resource_tracker.ensure_running()  # the first to start it would unblock the signal
    with defer_signals():
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def slurm_script():
    """The script of one SLURM job."""
    with _slurm_cluster(0) as cluster:
        return cluster.job_script()


def _slurm_cluster(workers):
    """Workers as SLURM jobs, by Dask's own settings ``jobqueue.slurm`` (queue, walltime, …).

    What they leave open is one core and 4 GB a job.
    """
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise ImportError("SLURM needs dask-jobqueue: pip install 'rmt_hessian[slurm]'") from None
    import dask

    given = dask.config.get("jobqueue.slurm")
    size = {"cores": 1, "memory": "4GB"}
    size |= {name: given[name] for name in size if given[name]}
    exports = [f"export {name}={value}" for name, value in ENVIRONMENT.items()]
    cluster = SLURMCluster(
        **size,
        processes=size["cores"],  # one thread each
        job_script_prologue=[*given["job-script-prologue"], *exports],
        worker_extra_args=[*given["worker-extra-args"], "--memory-limit", "0"],  # SLURM has its own
        scheduler_options={"dashboard_address": ":0", **given["scheduler-options"]},
    )
    if workers:
        _try_submission(cluster.job_script())
        cluster.scale(workers)
    return cluster


def _try_submission(script):
    """Raise OSError, with what SLURM says, if it would not take the job."""
    command, told = ["sbatch", "--test-only"], {"capture_output": True, "encoding": "utf-8"}
    try:
        subprocess.run(command, input=script, check=True, **told)
    except FileNotFoundError:
        raise OSError("SLURM is not here: no command sbatch") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().partition("\n")[0]
        raise OSError(f"SLURM does not take the job: {said}") from None
