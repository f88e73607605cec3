"""The search: where its stages begin, how its rate falls, which random numbers it draws."""

from dataclasses import replace

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.bounds import search as search_module
from rmt_hessian.bounds.pac_bayes import pac_bayes_bound
from rmt_hessian.bounds.penalty import Penalty
from rmt_hessian.bounds.search import Search
from rmt_hessian.model.gradients import Objective
from rmt_hessian.model.losses import get_loss
from rmt_hessian.model.optimisers import get_optimiser
from rmt_hessian.model.parameter_vector import parameter_vector


def search_of(rng, family="kronecker"):
    net = rh.Network.random([4, 5, 3], rng, bias_scale=0.3)
    X, y = rng.standard_normal((40, 4)), rng.integers(3, size=40)
    loss = Objective(net, X, y, get_loss("ce", 3))
    options = {"learning_rate": 0.1, "batch_size": None}
    return Search(loss, family, "weights", Penalty(40, 0.05), 1.0, options, rng, None, 10)


@pytest.fixture
def problem(rng):
    """A linear model of 12 parameters."""
    X, y = rng.standard_normal((40, 4)), rng.integers(3, size=40)
    initial = rh.Network([np.zeros((3, 4))])
    return initial, rh.train(initial, X, y, "ce", steps=2).network, X, y


@pytest.mark.parametrize("family", ["kronecker", "exact", "gradient"])
def test_a_new_basis_keeps_mean_and_covariance(family, rng):
    """The mean in the new basis; of the covariance its diagonal there."""
    search = search_of(rng, family)
    first = search.first(rh.Network.random([4, 5, 3], rng, bias_scale=0.3))
    moved = first.displacement + rng.standard_normal(first.variances.size)
    old = replace(first, displacement=moved)
    new = search.in_new_basis(old)
    before, after = (parameter_vector(q.network) for q in (old, new))
    np.testing.assert_allclose(after, before, atol=1e-12)
    U, V = (np.column_stack([q.basis.vector(e) for e in np.eye(len(moved))]) for q in (old, new))
    assert not np.allclose(U, V)
    expected = np.einsum("pi,pq,qi->i", V, U * old.variances @ U.T, V)
    np.testing.assert_allclose(new.variances, expected)


def test_later_stages_go_on(problem, monkeypatch):
    """From where the last one ended: the first posterior is made once."""
    calls, first = [], Search.first
    monkeypatch.setattr(Search, "first", lambda self, net: (calls.append(1), first(self, net))[1])
    pac_bayes_bound(*problem, steps=6, n_stages=3, n_draws=5, rng=0)
    assert calls == [1]


def test_the_rate_falls(rng, monkeypatch):
    made = []

    def noted(name, **options):
        made.append((name, options["schedule"], options["steps"]))
        return get_optimiser(name, **options)

    monkeypatch.setattr(search_module, "get_optimiser", noted)
    search = search_of(rng)
    search.run(search.first(search.loss.net), 7, 0)
    assert made == [("adam", "cosine", 7)]


def test_draws_come_after_those_of_the_search(problem):
    """Those of the errors are new, whatever the posterior depends on."""
    found = pac_bayes_bound(*problem, steps=9, n_draws=20, rng=0)
    stream = np.random.default_rng(0)
    for _ in range(9):
        stream.standard_normal(12)
    X, y = problem[2:]
    np.testing.assert_array_equal(found.risks, found.posterior.risks(X, y, 20, stream))
    assert found.loss_scale == pytest.approx(1 / np.log(3))


@pytest.mark.parametrize("start", ["curvature", "weights"])
@pytest.mark.parametrize("basis", ["isotropic", "standard", "kronecker"])
def test_layers_of_zeros_have_a_start(basis, start, rng):
    """A head of zeros, and nothing but zeros."""
    X, y = rh.mixture_inputs(100, 4, 2, rng, separation=3.0)
    W = rh.Network.random([4, 5, 2], rng).weights
    for weights in ([W[0], 0 * W[1]], [0 * W[0], 0 * W[1]]):
        net = rh.Network(weights)
        found = pac_bayes_bound(
            net, net, X, y, basis=basis, start=start, steps=1, n_draws=5, rng=0, learning_rate=1e-9
        )
        assert found.posterior.variances.min() > 1e-12
        assert found.kl < 1000
