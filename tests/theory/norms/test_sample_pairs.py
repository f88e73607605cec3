"""Pairs of samples: the law of their pre-activations, and the tilt that absorbs a weight."""

import numpy as np
import pytest

from rmt_hessian.theory.norms import sample_pairs


def test_law_of_the_preactivations(rng):
    """Variances ``gain a``, ``gain b``, covariance ``gain cos √(ab)``, and independent units.

    10⁶ units: a sample second moment of Gaussians of variances v, w strays by ``√(2vw/10⁶)`` at
    most, 0.14 % of ``√(vw)``; four of that.
    """
    gram = tuple(np.full(1000, t) for t in (0.7, 1.9, -0.6))
    g, k = sample_pairs.preactivations(gram, 1000, 2.0, rng)
    for first, second, expected, scale in (
        (g, g, 1.4, 1.4),
        (k, k, 3.8, 3.8),
        (g, k, -1.2 * np.sqrt(1.33), 2 * np.sqrt(1.33)),
        (g, np.roll(k, 1, axis=1), 0.0, 2 * np.sqrt(1.33)),
    ):
        assert np.mean(first * second) == pytest.approx(expected, abs=4 * 0.0015 * scale)


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("d", [1, 2, 7])
def test_the_tilt_absorbs_the_weight(same, d, rng):
    """``E[(x·x')² f] = factor · Ẽ[f]`` for f depending on both norms and the angle."""
    n = 400_000

    def f(a, b, cosine):
        return np.exp(-0.3 * (a + 2 * b)) * (1 + cosine + cosine**2)

    gram, factor = sample_pairs._tilted_input_pair(n, d, same, rng)
    tilted = factor * f(*gram)
    gram = sample_pairs._input_pair(n, d, same, rng)
    a, b, cosine = gram
    plain = d**2 * a * b * cosine**2 * f(*gram)
    error = np.hypot(tilted.std(), plain.std()) / np.sqrt(n)
    assert abs(tilted.mean() - plain.mean()) < 4 * error
