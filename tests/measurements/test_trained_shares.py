"""Shares of trained mixtures: from the Hessian itself, and near what theory predicts."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements.real_heads import random_head_ratios
from rmt_hessian.measurements.trained_laws import SoftmaxRun, optimum
from rmt_hessian.measurements.trained_shares import trained_shares

RUNS = {
    "alone": {"separation": 3.0},
    "groups": {"separation": 6.0, "n_groups": 3, "correlation": 0.75},
    "pairs": {"separation": 6.0, "n_groups": 6, "correlation": 1.0},
}


@pytest.fixture(scope="module", params=RUNS)
def run(request):
    sizes = {"n_inputs": 120, "n_classes": 12, "n_samples": 1200, "ridge": 0.003}
    return SoftmaxRun(**sizes, **RUNS[request.param])


@pytest.fixture(scope="module")
def found(run):
    return trained_shares(np.random.default_rng(4), run=run)


def test_shares_are_those_of_the_hessian(run, found):
    rng = np.random.default_rng(4)
    _, (X, y), (new, labels) = run.samples(rng)
    net = optimum(X, y, 12, run.ridge)
    for prefix, Z in (("", X), ("fresh_", new[:1200])):
        H = rh.layer_hessian(net, Z, 0, "ce")
        assert found[f"{prefix}share"] == pytest.approx(H.off_diagonal_share(), rel=1e-12)
        value, error = H.off_diagonal_share(population=True)
        assert found[f"{prefix}population_share"] == pytest.approx(value, rel=1e-10)
        assert found[f"{prefix}population_share_error"] == pytest.approx(error, rel=1e-8)
    assert found["test_accuracy"] == np.mean(net(new).argmax(axis=1) == labels)
    expected = 144 * random_head_ratios(X, 1 / np.mean(np.sum(X**2, axis=1)), 12)[1]
    assert found["static_population_c2_ratio"] == pytest.approx(expected, rel=1e-12)


def test_they_are_near_what_theory_predicts(found):
    """One draw at d = 120: corrections are of the order K/d, and shares scatter by some %."""
    assert found["predicted_test_accuracy"] == pytest.approx(found["test_accuracy"], abs=0.03)
    for sample in ("", "fresh_"):
        for version in ("", "population_"):
            name = f"{sample}{version}share"
            assert found[f"predicted_{name}"] == pytest.approx(found[name], rel=0.12)


def test_groups_raise_the_share_over_the_static_one(run, found):
    """Classes alone stay near the static constant of the population; groups are above it."""
    excess = found["fresh_population_c2_ratio"] / found["static_population_c2_ratio"]
    assert (excess < 1.5) == (run.n_groups is None)
