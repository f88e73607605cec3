"""Who is compared on the Hessians, and the answers of their workers."""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks import processes
from benchmarks.hessians.cases import draw, operations

WORKERS = "benchmarks.hessians.workers."
THREADS = len(processes.cores())


@dataclass(frozen=True, eq=False)
class Contender:
    """A tool: its environment, the worker that drives it, the parts and tasks it can do."""

    key: str
    label: str
    package: str
    worker: str
    options: dict
    parts: tuple = ("dense",)
    tasks: tuple = ("assembly",)

    def enters(self, case):
        """Whether this contender does that case."""
        return case.part in self.parts and case.task in self.tasks


@dataclass(frozen=True)
class Limits:
    """Of one contender on one case; ``sample_seconds`` for its rows, beyond which it samples."""

    seconds: float = 150.0
    bytes: float = 12e9
    sample_seconds: float = 12.0


BOTH = ("dense", "classes")
OURS = Contender(
    "ours",
    "rmt_hessian",
    "rmt-hessian",
    WORKERS + "package",
    {},
    BOTH,
    ("assembly", "norms", "product"),
)
CONTENDERS = (
    OURS,
    Contender(
        "numpy", "NumPy", "rmt-hessian", WORKERS + "plain_numpy", {}, BOTH, ("assembly", "product")
    ),
    Contender(
        "numpy-at-once",
        "NumPy, all classes at once",
        "rmt-hessian",
        WORKERS + "plain_numpy",
        {"norms": "at once"},
        ("classes",),
        ("norms",),
    ),
    Contender(
        "numpy-chunks",
        "NumPy, classes in chunks",
        "rmt-hessian",
        WORKERS + "plain_numpy",
        {"norms": "in chunks"},
        ("classes",),
        ("norms",),
    ),
    Contender("jax", "`jax.hessian`, jitted", "jax", WORKERS + "autodiff_jax", {}),
    Contender(
        "curvlinops", "curvlinops", "torch", WORKERS + "autodiff_torch", {"way": "curvlinops"}
    ),
    Contender(
        "torch-rows", "torch, row by row", "torch", WORKERS + "autodiff_torch", {"way": "rows"}
    ),
    Contender(
        "torch-func", "`torch.func.hessian`", "torch", WORKERS + "autodiff_torch", {"way": "func"}
    ),
)


def ask(contender, case, folder, limits):
    """The answer of the contender's worker in a fresh process; see ``workers/serve.py``."""
    if case.result_bytes > limits.bytes:
        return {"failure": f"not started: the result alone takes {case.result_bytes / 1e9:.0f} GB"}
    question = {
        "case": asdict(case),
        "folder": str(folder),
        "options": contender.options | {"budget": limits.sample_seconds},
        "is_reference": contender is OURS,
    }
    return processes.ask(
        processes.interpreter(contender.package),
        contender.worker,
        question,
        threads=THREADS,
        limit_seconds=limits.seconds,
        limit_bytes=limits.bytes,
    )


def gemm_rate():
    """Floating-point operations per second of a large product, in a process of its own."""
    answer = processes.ask(
        processes.interpreter("rmt-hessian"),
        WORKERS + "gemm",
        {},
        threads=THREADS,
        limit_seconds=60,
    )
    return answer.get("rate")


def measure(cases, contenders, limits, log=print):
    """Rows ``(case, contender, answer)``: first the package, whose result is the reference.

    Where it has none, the others are not asked. A dense Hessian of the package gets
    ``operations`` and the ``rate`` of a large product beside its time.
    """
    rows = []
    for case in cases:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            count = save(case, folder) if case.result_bytes <= limits.bytes else None
            ours = ask(OURS, case, folder, limits)
            if count and "failure" not in ours:
                ours |= {"operations": count, "rate": gemm_rate()}
            checked = (folder / "reference.npy").exists() or case.result_bytes > limits.bytes
            entered = [c for c in contenders if c is not OURS and c.enters(case)]
            for contender in (OURS, *entered):
                answer = {"failure": "not checked: rmt_hessian has no result to compare with"}
                if contender is OURS:
                    answer = ours
                elif checked:
                    answer = ask(contender, case, folder, limits)
                rows.append((case, contender, answer))
                log(f"{case.task}, {case}: {summary(contender, answer)}")
    return rows


def save(case, folder):
    """Write the arrays of a case; the operations of a dense Hessian, else None."""
    arrays = draw(case)
    for stem, array in arrays.items():
        np.save(folder / f"{stem}.npy", array)
    if case.part != "dense":
        return None
    return operations(case, arrays["X"], [arrays[f"W{l}"] for l in range(len(case.shapes))])


def summary(contender, answer):
    """One line on an answer."""
    if "failure" in answer:
        return f"{contender.label}: {answer['failure']}"
    return f"{contender.label}: {answer['seconds']['wall']:.3g} s"
