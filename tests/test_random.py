"""Random states: what NumPy takes is taken by every function that draws, by the same rule."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian import theory
from rmt_hessian._random import random_generator
from rmt_hessian.bounds.pac_bayes import pac_bayes_bound
from rmt_hessian.spectra.matching import (
    overlap_up_to_permutation,
    random_overlaps_up_to_permutation,
)
from rmt_hessian.spectra.uncertainty import fitted_rate
from rmt_hessian.theory.norms.cross_layer import cross_layer_norm
from rmt_hessian.theory.structure.decoupled import decoupled_norms
from rmt_hessian.theory.structure.softmax_cumulants import mean_curvature, mean_third_cumulant
from rmt_hessian.theory.weights.influence import weight_influence
from tests.interface import PUBLIC

W, V = rh.Network.random([3, 4, 2], np.random.default_rng(0)).weights
NET = rh.Network([W, V])
LINEAR = rh.Ensemble([6, 3], layer=0, loss="ce", n_samples=12)
HIDDEN = rh.Ensemble([6, 8, 3], layer=0, loss="ce", n_samples=5)
GIVEN_LINEAR = LINEAR.given([np.eye(3, 6)])
GIVEN_HIDDEN = rh.Ensemble([3, 4, 2], layer=0, loss="ce", n_samples=5).given(NET)
VALUES = np.random.default_rng(0).lognormal(size=(3, 9))
SAMPLES = np.random.default_rng(1).standard_normal((60, 3)), np.arange(60) % 2
HESSIAN = rh.layer_hessian(NET, SAMPLES[0], 0, "ce")
POSTERIOR = pac_bayes_bound(NET, NET, *SAMPLES, steps=1, n_draws=1, rng=0).posterior
FRAMES = [np.linalg.qr(np.random.default_rng(n).standard_normal((60, 5)))[0] for n in (0, 1)]


def trained_on_batches(rng):
    """Five steps of one sample of 60."""
    options = {"optimiser": "gd", "steps": 5, "learning_rate": 0.1, "batch_size": 1}
    return rh.train(NET, *SAMPLES, "ce", rng=rng, **options).network


DRAWS = {
    "pac_bayes_bound": lambda rng: (
        pac_bayes_bound(NET, NET, *SAMPLES, steps=2, n_draws=2, rng=rng).posterior.variances
    ),
    "GaussianPosterior.draw": lambda rng: POSTERIOR.draw(rng).weights[0],
    "GaussianPosterior.risks": lambda rng: POSTERIOR.risks(*SAMPLES, 9, rng),
    "gaussian_inputs": lambda rng: rh.gaussian_inputs(3, 2, rng),
    "rademacher_inputs": lambda rng: rh.rademacher_inputs(9, 9, rng),
    "uniform_inputs": lambda rng: rh.uniform_inputs(3, 2, rng),
    "student_inputs": lambda rng: rh.student_inputs(3, 2, rng, degrees_of_freedom=3),
    "correlated_inputs": lambda rng: rh.correlated_inputs(3, [1, 2], rng, rotate=True),
    "train": lambda rng: trained_on_batches(rng).weights[0],
    "clustered_inputs": lambda rng: rh.clustered_inputs(3, 2, 2, rng)[0],
    "mixture_inputs": lambda rng: rh.mixture_inputs(3, 2, 2, rng, separation=1.0)[0],
    "random_labels": lambda rng: rh.random_labels(99, 9, rng),
    "Network.random": lambda rng: rh.Network.random([3, 2], rng).weights[0],
    "sample": lambda rng: rh.sample(HIDDEN, rng)[1],
    "draw": lambda rng: rh.draw(HIDDEN, rng).to_dense(),
    "population_output_hessian": lambda rng: (
        rh.population_output_hessian(NET, 0, "ce", rng, relative_error=0.5, batch_size=64).mean
    ),
    "spectral_density": lambda rng: rh.spectral_density(
        np.diag(np.arange(9.0)) + 1, n_probes=1, n_steps=3, rng=rng
    ).cdf(4.2),
    "overlap_up_to_permutation": lambda rng: (
        overlap_up_to_permutation(*FRAMES, n_starts=20, rng=rng).permutation  # 1: often the same
    ),
    "random_overlaps_up_to_permutation": lambda rng: random_overlaps_up_to_permutation(
        *FRAMES, n_draws=2, n_starts=1, rng=rng
    ),
    "fitted_rate": lambda rng: fitted_rate([1, 2, 4], VALUES, rng).low,
    "rvs": lambda rng: theory.MarchenkoPastur(0.5).rvs(3, rng=rng),
    "rvs, random_state": lambda rng: theory.MarchenkoPastur(0.5).rvs(3, random_state=rng),
    "law_of_layer": lambda rng: rh.law_of_layer(HESSIAN, rng=rng).misfit,
    "law_of_block": lambda rng: rh.law_of_block(HESSIAN, 0, 0, rng=rng).misfit,
    "block_law": lambda rng: theory.block_law(GIVEN_LINEAR, 0, 0, rng=rng).moment(2),
    "layer_law": lambda rng: theory.layer_law(LINEAR, rng=rng).pdf(0.1),  # var: in last bits only
    "block_outliers": lambda rng: [
        outlier.place
        for outlier in theory.block_outliers(replace(GIVEN_LINEAR, n_samples=6000), 0, 0, rng=rng)
    ],
    "layer_outliers": lambda rng: [
        outlier.place for outlier in theory.layer_outliers(replace(LINEAR, n_samples=600), rng=rng)
    ],
    "trained_softmax": lambda rng: theory.trained_softmax(LINEAR, ridge=0.1, rng=rng).train_loss,
    "trained_head": lambda rng: (
        theory.trained_head(np.eye(2, 3), np.eye(3), 30, ridge=0.1, rng=rng).train_loss
    ),
    "weight_law": lambda rng: theory.weight_law(GIVEN_LINEAR, 0, 0, rng=rng).mean(),
    "curvature_law": lambda rng: theory.curvature_law(LINEAR, rng=rng).nodes,
    "sampling_band": lambda rng: theory.sampling_band(LINEAR, 0, 0, n_draws=3, rng=rng),
    "decoupled_norms": lambda rng: decoupled_norms(GIVEN_HIDDEN, rng=rng).plateau,
    "weight_influence": lambda rng: weight_influence(GIVEN_LINEAR, 0, 0, 1j, rng=rng).variance,
    "expected_kronecker_error": lambda rng: (
        theory.expected_kronecker_error(GIVEN_HIDDEN, rng=rng).plateau
    ),
    "eigenspace_defect": lambda rng: (
        theory.eigenspace_defect(rh.Ensemble([50, 50, 3], 0, "ce", 5), rng=rng).centred
    ),
    "mean_curvature": lambda rng: mean_curvature([0, 1], np.eye(2), rng=rng),
    "mean_third_cumulant": lambda rng: mean_third_cumulant([0, 1], np.eye(2), rng=rng),
    "population_factors": lambda rng: theory.population_factors([W, V], "ce", rng=rng)[0].left,
    "block_norms": lambda rng: theory.block_norms(HIDDEN, n_draws=9, rng=rng).ratio,
    "cross_layer_norm": lambda rng: cross_layer_norm(HIDDEN, n_draws=9, rng=rng).squared_norm,
    "cross_layer_ratio": lambda rng: theory.cross_layer_ratio(HIDDEN, n_draws=9, rng=rng)[0],
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
    drawing = {
        f.__name__
        for f in PUBLIC.values()
        if inspect.isfunction(f) and "rng" in inspect.signature(f).parameters
    }
    assert drawing <= set(DRAWS)


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_the_same_state_gives_the_same_draw(draw, state):
    np.testing.assert_array_equal(draw(state()), draw(state()))


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
def test_an_int_begins_the_stream_of_its_generator_and_none_a_fresh_one(draw):
    if draw is not DRAWS["layer_outliers"]:  # which begins the stream of an int twice
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
