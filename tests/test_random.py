"""Random states: what NumPy takes is taken by every function that draws, by the same rule."""

import inspect

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian import theory
from rmt_hessian._random import random_generator

W, V = rh.ReLUNetwork.random([3, 4, 2], np.random.default_rng(0)).weights
NET = rh.ReLUNetwork([W, V])
HIDDEN = {"loss": "ce", "n_inputs": 6, "n_samples": 5, "n_hidden": 8}
LINEAR = {"model": "linear", "loss": "ce", "n_features": 6, "n_samples": 12}
WEIGHTS = theory.weight_law(model="linear", loss="ce", n_classes=3)
VALUES = np.random.default_rng(0).lognormal(size=(3, 9))
DRAWS = {
    "gaussian_inputs": lambda rng: rh.gaussian_inputs(3, 2, rng),
    "rademacher_inputs": lambda rng: rh.rademacher_inputs(9, 9, rng),
    "uniform_inputs": lambda rng: rh.uniform_inputs(3, 2, rng),
    "student_inputs": lambda rng: rh.student_inputs(3, 2, rng, 3),
    "correlated_inputs": lambda rng: rh.correlated_inputs(3, [1, 2], rng, rotate=True),
    "clustered_inputs": lambda rng: rh.clustered_inputs(3, 2, 2, rng)[0],
    "random_labels": lambda rng: rh.random_labels(99, 9, rng),
    "ReLUNetwork.random": lambda rng: rh.ReLUNetwork.random([3, 2], rng).weights[0],
    "population_output_hessian": lambda rng: (
        rh.population_output_hessian(NET, 0, "ce", rng, relative_error=0.5, batch_size=64).mean
    ),
    "spectral_density": lambda rng: rh.spectral_density(
        np.diag(np.arange(9.0)) + 1, 1, 3, rng=rng
    ).cdf(4.2),
    "fitted_rate": lambda rng: rh.fitted_rate([1, 2, 4], VALUES, rng).low,
    "rvs": lambda rng: theory.MarchenkoPastur(0.5).rvs(3, rng=rng),
    "rvs, random_state": lambda rng: theory.MarchenkoPastur(0.5).rvs(3, random_state=rng),
    "block_law": lambda rng: theory.block_law(**LINEAR, V=np.eye(3, 6), rng=rng).moment(2),
    "layer_law": lambda rng: theory.layer_law(**LINEAR, n_classes=3, rng=rng).var(),
    "outliers": lambda rng: [
        outlier.place
        for outlier in theory.outliers(
            **LINEAR | {"n_samples": 600}, n_classes=3, whole_layer=True, rng=rng
        )
    ],
    "weight_law": lambda rng: theory.weight_law(
        model="linear", loss="ce", V=np.eye(3), rng=rng
    ).mean(),
    "curvature_law": lambda rng: theory.curvature_law(3, rng=rng).nodes,
    "sampling_band": lambda rng: theory.sampling_band(WEIGHTS, 6, 12, n_draws=3, rng=rng),
    "decoupling": lambda rng: (
        theory.decoupling(model="hidden", loss="ce", V=V, W=W, rng=rng).plateau
    ),
    "eigenspace_defect": lambda rng: theory.eigenspace_defect(3, 50, 50, rng=rng).centred,
    "mean_curvature": lambda rng: theory.mean_curvature([0, 1], np.eye(2), rng=rng),
    "mean_third_cumulant": lambda rng: theory.mean_third_cumulant([0, 1], np.eye(2), rng=rng),
    "population_factors": lambda rng: (
        theory.population_factors([W, V], "ce", rng=rng)[0].output_hessian
    ),
    "expected_block_norms": lambda rng: (
        theory.expected_block_norms(model="hidden", n_classes=3, **HIDDEN, n_draws=9, rng=rng).ratio
    ),
    "block_norm_ratio": lambda rng: theory.block_norm_ratio(
        model="hidden", n_classes=3, **HIDDEN, n_draws=9, rng=rng
    ),
    "cross_layer_norm": lambda rng: (
        theory.cross_layer_norm(n_classes=3, **HIDDEN, n_draws=9, rng=rng).squared_norm
    ),
    "cross_layer_ratio": lambda rng: theory.cross_layer_ratio(
        n_classes=3, **HIDDEN, n_draws=9, rng=rng
    )[0],
}
STATES = {
    "int": lambda: 7,
    "NumPy int": lambda: np.int64(7),
    "several": lambda: [1, 2],
    "SeedSequence": lambda: np.random.SeedSequence(7),
    "BitGenerator": lambda: np.random.PCG64(7),
    "Generator": lambda: np.random.default_rng(7),
    "RandomState": lambda: np.random.RandomState(7),
}


def test_every_function_that_draws_is_here():
    functions = [getattr(rh, name) for name in rh.__all__] + [
        getattr(theory, name) for name in theory.__all__
    ]
    drawing = {
        f.__name__
        for f in functions
        if inspect.isfunction(f) and "rng" in inspect.signature(f).parameters
    }
    assert drawing <= set(DRAWS)


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_the_same_state_gives_the_same_draw(draw, state):
    np.testing.assert_array_equal(draw(state()), draw(state()))


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_an_int_begins_the_stream_of_its_generator_and_none_a_fresh_one(draw):
    if draw is not DRAWS["outliers"]:  # which begins the stream of an int twice
        np.testing.assert_array_equal(draw(7), draw(np.random.default_rng(7)))
    different = [np.asarray(draw(None), dtype=float) for _ in range(4)]
    assert any(not np.array_equal(different[0], other) for other in different[1:])


@pytest.mark.parametrize("rng", [-1, 1.0, "7", True, object(), [1.5], {}, np.nan])
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_anything_else_is_refused(draw, rng):
    with pytest.raises(
        ValueError, match=r"(rng|random_state) must be None, an int that is not neg"
    ):
        draw(rng)


def test_a_generator_moves_on_and_a_random_state_with_it():
    old = np.random.RandomState(3)
    first, second = (random_generator(old).random() for _ in range(2))
    assert first != second
    generator = np.random.default_rng(3)
    assert random_generator(generator) is generator
