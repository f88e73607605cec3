"""Which formulas the norms of a layer have: the one place that asks where in its network it stands.

``d, N, m, C`` are the input dimension, the number of samples, the hidden width and the number of
classes, ``gain`` the scale of the weights. The linear model has no m, and its formulas do not use
it.

References
----------
``docs/norms.md`` *Many classes*.
"""

from dataclasses import dataclass

from rmt_hessian._types import Function
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.initialisation import init_gain
from rmt_hessian.theory.coverage import drawn_weights
from rmt_hessian.theory.norms.ce_limits import hidden_ce_limit, linear_ce_limit, output_ce_limit
from rmt_hessian.theory.norms.mse_norms import (
    hidden_class_norms,
    linear_class_norms,
    output_class_norms,
)
from rmt_hessian.theory.norms.sample_pairs import (
    hidden_products,
    linear_products,
    output_products,
)


@dataclass(frozen=True)
class Formulas:
    """Formulas of the norms of one kind of layer; exponents are of 1/C, on and off the diagonal.

    Attributes
    ----------
    mse_class_norms : callable
        ``(d, N, m, gain, γ=None)`` -> both norms over the factors.
    mse_factors : callable
        C -> what the norms per class are multiplied by.
    mse_exponents : (int, int)
    ce_limit : callable
        ``(diagonal, d, N, m, gain, γ=None)`` -> the constant and its error.
    ce_exponents : (int, int)
    ce_products : callable
        ``(C, d, m, gain, n, same, rng, offsets, pair)`` -> products of two samples, n draws.
    ce_cost : callable
        ``(C, m)`` -> rough cost of one draw, and how many numbers it holds.
    infinite_sizes : callable
        ``(d, N)`` -> ``(d, N, γ)`` for ``d → ∞``.
    """

    mse_class_norms: Function
    mse_factors: Function
    mse_exponents: tuple[int, int]
    ce_limit: Function
    ce_exponents: tuple[int, int]
    ce_products: Function
    ce_cost: Function
    infinite_sizes: Function


LINEAR = Formulas(
    mse_class_norms=linear_class_norms,
    mse_factors=lambda C: (1.0, 1.0),
    mse_exponents=(0, 0),
    ce_limit=linear_ce_limit,
    ce_exponents=(2, 4),
    ce_products=linear_products,
    ce_cost=lambda C, m: (512 + 16 * C, C),
    infinite_sizes=lambda d, N: (None, None, d / N),
)
HIDDEN = Formulas(
    mse_class_norms=hidden_class_norms,
    mse_factors=lambda C: (C * (C + 2.0), C),
    mse_exponents=(-2, -1),
    ce_limit=hidden_ce_limit,
    ce_exponents=(0, 1),
    ce_products=hidden_products,
    ce_cost=lambda C, m: (1024 + 32 * C + 16 * m * m, max(2 * C, m * m)),
    infinite_sizes=lambda d, N: (None, None, d / N),
)
OUTPUT = Formulas(
    mse_class_norms=output_class_norms,
    mse_factors=lambda C: (1.0, 1.0),
    mse_exponents=(0, 0),
    ce_limit=output_ce_limit,
    ce_exponents=(2, 4),
    ce_products=output_products,
    ce_cost=lambda C, m: (512 + 16 * (C + m), max(C, m)),
    infinite_sizes=lambda d, N: (None, N, None),
)
FORMULAS = {(0, 1): LINEAR, (0, 2): HIDDEN, (1, 2): OUTPUT}  # (layer, number of layers)


def formulas_of(ens: Ensemble, *, many_classes: bool = False, offsets: bool = False) -> Formulas:
    """The formulas of the layer of an ensemble; of many classes it may itself have any number.

    Raises
    ------
    ValueError
        If there are none for its depth, weights are given, or a layer has a single unit: it has no
        block off the diagonal.
    """
    widths = drawn_weights(ens, offsets=offsets).widths
    for l, width in enumerate(widths[1 : -1 if many_classes else None], start=1):
        if width < 2:
            raise ValueError(f"widths[{l}] must be at least 2, got {width}")
    return FORMULAS[ens.layer, ens.n_layers]


def sizes_of(ens: Ensemble) -> tuple[int, int, int, float]:
    """``(d, N, m, gain)``."""
    return ens.widths[0], ens.n_samples, ens.widths[1], init_gain(ens.init)
