"""Expected squared block norms for MSE per class, in closed form at any m, d and N.

Each function returns the norm on the diagonal and the one off it, over d if an aspect ratio is
given. The linear model and the output layer have them at any C. Those of the hidden layer are over
``C(C + 2)`` and C, which the means over V of ``(v^i·v^i)²`` and ``(v^i·v^j)²`` contain.

References
----------
``docs/norms.md`` *Two samples decide* and *Many classes*.
"""

from typing import Any

from rmt_hessian._types import AnySize, Rule
from rmt_hessian.theory.norms.gram_pairs import SAME, angle_rule, pair_shares, tilted_angle_rule
from rmt_hessian.theory.relu.arc_cosine import both_active, relu_products


def linear_class_norms(
    d: AnySize, N: AnySize, m: Any, gain: float, aspect_ratio: float | None = None
) -> tuple[float, float]:
    """``H_ii`` is the sample covariance of the inputs."""
    pair, same = pair_shares(d, N, aspect_ratio)
    return pair + same, 0.0


def hidden_class_norms(
    d: AnySize, N: AnySize, m: int, gain: float, aspect_ratio: float | None = None
) -> tuple[float, float]:
    """Over the probabilities that two samples activate one unit, or two."""
    pair, same = pair_shares(d, N, aspect_ratio)
    theta, probabilities = tilted_angle_rule(d)
    both, scale = both_active(theta), (gain / m) ** 2
    diagonal = pair * (probabilities @ both) + same / 2
    off_diagonal = pair * (probabilities @ both**2) + same / 4
    return float(scale * diagonal), float(scale * off_diagonal)


def output_class_norms(
    d: AnySize, N: AnySize, m: int, gain: float, aspect_ratio: float | None = None
) -> tuple[float, float]:
    """``H_ii`` is the sample covariance of the features."""
    pair, same = pair_shares(d, N, aspect_ratio, hidden_features=True)
    overlaps = _feature_overlap(angle_rule(d), m), _feature_overlap(SAME, m)
    return gain**2 * (pair * overlaps[0] + same * overlaps[1]), 0.0


def _feature_overlap(rule: Rule, m: int) -> float:
    """``E[(h·h')²]`` over q² and gain², m independent units."""
    theta, probabilities = rule
    first, second = relu_products(theta)
    return float(m * (probabilities @ second) + m * (m - 1.0) * (probabilities @ first**2))
