"""What is computed: the cases, their data, the operations they need."""

import math
from dataclasses import dataclass

import numpy as np

DENSE = (
    ("assembly", (100, 20), 1000),
    ("assembly", (200, 20), 2000),
    ("assembly", (100, 8, 50), 1000),
    ("assembly", (100, 16, 100), 2000),
    ("assembly", (500, 8, 500), 5000),
)
N_INPUTS, N_SAMPLES = 512, 2048  # of the linear model with many classes
CLASSES = (8, 16, 32, 64, 128, 512, 2048, 8192, 32768, 131072)
ASSEMBLED_UP_TO = 128  # classes; that many need 34 GB, which the page then says
REFERENCE_ENTRIES = 2**26  # of a matrix kept for comparison


@dataclass(frozen=True)
class Case:
    """One task on one network: "assembly", "norms" or "product", by ``part`` of the benchmark.

    ``widths`` are (d, C) or (d, m, C). The parts are "dense" (every contender) and "classes".
    """

    part: str
    task: str
    widths: tuple
    n_samples: int

    def __str__(self):
        names = ("d", "C") if len(self.widths) == 2 else ("d", "m", "C")
        sizes = [f"{name} = {width}" for name, width in zip(names, self.widths, strict=True)]
        model = "linear" if len(self.widths) == 2 else "one hidden layer"
        return f"{model}, {', '.join(sizes)}, N = {self.n_samples}"

    @property
    def shapes(self):
        """Shapes (out, in) of the weight matrices."""
        return [(b, a) for a, b in zip(self.widths, self.widths[1:], strict=False)]

    @property
    def n_parameters(self):
        """P."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def result_bytes(self):
        """Memory of the result: P² numbers, P numbers or two."""
        entries = {"assembly": self.n_parameters**2, "product": self.n_parameters, "norms": 2}
        return 8 * entries[self.task]

    def reference_rows(self):
        """The rows of the result that are compared: all, or evenly spread ones of a large matrix.

        None for a result that is not a matrix.
        """
        if self.task != "assembly":
            return None
        step = max(1, math.ceil(self.n_parameters**2 / REFERENCE_ENTRIES))
        return np.arange(0, self.n_parameters, step)


def dense_cases(chosen):
    """Dense Hessians by number, from 1."""
    return [Case("dense", *DENSE[number - 1]) for number in chosen]


def class_cases(chosen):
    """Norms, products and assembly of the linear model for those numbers of classes."""
    return [
        Case("classes", task, (N_INPUTS, n_classes), N_SAMPLES)
        for task in ("norms", "product", "assembly")
        for n_classes in chosen
        if task != "assembly" or n_classes <= ASSEMBLED_UP_TO
    ]


def draw(case, seed=0):
    """Arrays of a case by name: X, y, the weights W0 …, and v for a product."""
    rng = np.random.default_rng(seed)
    arrays = {
        "X": rng.standard_normal((case.n_samples, case.widths[0])),
        "y": rng.integers(0, case.widths[-1], case.n_samples),
    }
    for layer, (rows, columns) in enumerate(case.shapes):
        arrays[f"W{layer}"] = rng.standard_normal((rows, columns))
        arrays[f"W{layer}"] /= math.sqrt(columns)
    if case.task == "product":
        arrays["v"] = rng.standard_normal(case.n_parameters)
    return arrays


def operations(case, X, weights):
    """Floating-point operations of the dense Hessian that symmetry and ReLU leave.

    Linear: ``N d² C²/2``. One hidden layer, with ``n_ij`` the samples where both units are active:
    ``Σ_{i≤j} d² n_ij`` (hidden), ``Σ_{a≤b} C² n_ab`` (output), ``Σ_{i,b} 2 d C n_ib`` (cross).
    """
    d, C = case.widths[0], case.widths[-1]
    if len(case.widths) == 2:
        return case.n_samples * d**2 * C**2 / 2
    mask = (X @ weights[0].T > 0).astype(float)
    both = mask.T @ mask
    pairs = np.triu(both).sum()
    return float((d**2 + C**2) * pairs + 2 * d * C * both.sum())
