"""[D]: off-diagonal blocks vanish against diagonal ones as C grows, at predicted rates."""

import numpy as np
import pytest

from rmt_hessian import ReLUNetwork, gaussian_inputs, layer_hessian
from rmt_hessian.theory import block_norm_limit, expected_block_norms

D, N, M, SEEDS = 60, 150, 16, 60
CASES = {
    "linear-ce": ("linear", "ce", 0),
    "hidden-ce": ("hidden", "ce", 0),
    "hidden-mse": ("hidden", "mse", 0),
    "output-ce": ("output", "ce", 1),
}


def measured_ratio(model, loss, layer, C):
    """Ratio of means over seeds and its standard error by the delta method."""
    norms = np.empty((SEEDS, 2))
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, C])
        net = ReLUNetwork.random([D, C] if model == "linear" else [D, M, C], rng)
        H = layer_hessian(net, gaussian_inputs(N, D, rng), layer, loss)
        norms[seed] = H.mean_squared_block_norms()
    diagonal, off_diagonal = norms.mean(axis=0)
    ratio = off_diagonal / diagonal
    return ratio, np.std((norms[:, 1] - ratio * norms[:, 0]) / diagonal) / np.sqrt(SEEDS)


@pytest.mark.parametrize("C", [3, 16, 128])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_ratio_at_finite_C(case, C):
    """Within three standard errors; the prediction is exact in d, N, m and C."""
    model, loss, layer = case
    ratio, error = measured_ratio(model, loss, layer, C)
    expected = expected_block_norms(
        model=model,
        loss=loss,
        n_classes=C,
        n_inputs=D,
        n_samples=N,
        n_hidden=None if model == "linear" else M,
        n_draws=8000,
    )
    assert abs(ratio - expected.ratio) <= 3 * np.hypot(error, expected.ratio_error)
    assert error < 0.06 * ratio  # precise enough to say something


@pytest.mark.parametrize(
    ("case", "exponent"), [("linear-ce", 2), ("output-ce", 2), ("hidden-ce", 1), ("hidden-mse", 1)]
)
def test_exponent(case, exponent):
    """``R ~ C^{-exponent}``: the local slope between C = 128 and 512 is near it."""
    few, many = (measured_ratio(*CASES[case], C)[0] for C in (128, 512))
    assert np.log(few / many) / np.log(4) == pytest.approx(exponent, abs=0.12)


def test_constant_of_linear_ce():
    """At C = 2000, d = 60: the constant is reached to a few per cent, from below."""
    constant, exponent = block_norm_limit(model="linear", loss="ce", n_inputs=D, n_samples=N)
    ratio, error = measured_ratio(*CASES["linear-ce"], 2000)
    assert 2000**exponent * ratio == pytest.approx(constant, rel=0.05)
    assert error < 0.01 * ratio
