import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import (
    Network,
    gaussian_inputs,
    layer_hessian,
    rademacher_inputs,
    random_labels,
)
from rmt_hessian.hessian.population import grouped_output_hessian, population_output_hessian
from tests.strategies import cases
from tests.tolerances import EXACT


@given(cases(), st.integers(1, 4))
def test_groups_are_means_of_consecutive_samples(case, n_groups):
    X = np.concatenate([case.X] * n_groups) * case.rng.uniform(0.5, 2, (n_groups * len(case.X), 1))
    H = layer_hessian(case.net, X, case.layer, case.loss)
    groups = grouped_output_hessian(H, n_groups)
    atol = 100 * EXACT * max(np.abs(groups).max(), 1e-300)
    for group, part in zip(groups, np.split(X, n_groups), strict=True):
        own = layer_hessian(case.net, part, case.layer, case.loss).output_hessian()
        np.testing.assert_allclose(group, own, atol=atol)
    np.testing.assert_allclose(groups.mean(axis=0), H.output_hessian(), atol=atol)


def hidden_mse():
    """A network and its ``E[M] = K_W ∘ VᵀV``, (K_W)_ij = ¼ + asin(ρ_ij)/2π: P(both active)."""
    rng = np.random.default_rng(5)
    net = Network.random([4, 6, 3], rng)
    W, V = net.weights
    unit = W / np.linalg.norm(W, axis=1, keepdims=True)
    rho = np.clip(unit @ unit.T, -1, 1)
    np.fill_diagonal(rho, 1)
    return net, (0.25 + np.arcsin(rho) / (2 * np.pi)) * (V.T @ V)


def test_the_stated_error_is_honest():
    """60 estimates: the mean of (true/stated error)² is 1 up to its noise and the bias of stopping
    where the stated error happens to be low. Over 200 estimates it was 1.14 ± 0.06; for 60 the
    noise is at most √(2/60) = 0.18. The bounds are 1.15 ± 0.65; an error wrong by √G, √(G-1) or 2
    gives 18, 17 or 4.6, or 0.07, 0.08 or 0.29.
    """
    net, expected = hidden_mse()
    ratios, stated = [], []
    for seed in range(60):
        result = population_output_hessian(
            net, 0, "mse", np.random.default_rng(seed), relative_error=0.02, batch_size=256
        )
        true = np.linalg.norm(result.mean - expected) / np.linalg.norm(expected)
        ratios.append((true / result.relative_error) ** 2)
        stated.append(result.relative_error)
    assert 0.5 < np.mean(ratios) < 1.8
    assert max(stated) <= 0.02
    assert min(stated) > 0.01  # no more samples than needed


def test_more_samples_for_a_smaller_error():
    """N ∝ 1/error²; a quarter of the error takes 16 times the samples, the first stop being early
    or late by the 18 % of an error from 16 groups."""
    net, _ = hidden_mse()
    few, many = (
        population_output_hessian(
            net, 0, "ce", np.random.default_rng(1), relative_error=e, batch_size=64
        )
        for e in (0.08, 0.02)
    )
    assert 6 < many.n_samples / few.n_samples < 40


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_groups_average_to_the_mean_and_give_its_error(layer, loss):
    net, _ = hidden_mse()
    result = population_output_hessian(
        net, layer, loss, np.random.default_rng(2), relative_error=0.05, batch_size=160, n_groups=8
    )
    scale = np.abs(result.mean).max()
    np.testing.assert_allclose(result.groups.mean(axis=0), result.mean, atol=EXACT * scale)
    spread = np.sqrt(np.sum(result.groups.var(axis=0, ddof=1)) / 8)
    assert result.relative_error * np.linalg.norm(result.mean) == pytest.approx(
        spread, abs=EXACT * scale
    )
    assert result.groups.shape == (8, *result.mean.shape)
    assert result.n_samples % 160 == 0


def test_the_mean_is_that_of_the_samples_drawn():
    net, _ = hidden_mse()
    rng = np.random.default_rng(3)
    result = population_output_hessian(
        net, 0, "ce", rng, relative_error=0.03, inputs=rademacher_inputs, batch_size=64
    )
    again = np.random.default_rng(3)
    X = np.concatenate([rademacher_inputs(64, 4, again) for _ in range(result.n_samples // 64)])
    expected = layer_hessian(net, X, 0, "ce").output_hessian()
    assert result.n_samples > 64
    np.testing.assert_allclose(result.mean, expected, atol=10 * EXACT * np.abs(expected).max())


def test_same_seed_same_bits():
    net, _ = hidden_mse()
    first, second = (
        population_output_hessian(net, 0, "ce", np.random.default_rng(4)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.groups, second.groups)
    assert (first.n_samples, first.relative_error) == (second.n_samples, second.relative_error)


def test_a_layer_that_never_counts():
    """Dead units above: ``M = 0``, known without error."""
    net = Network([np.ones((2, 3)), np.zeros((2, 2))])
    result = population_output_hessian(net, 0, "mse", np.random.default_rng(0))
    assert (result.relative_error, np.abs(result.mean).max()) == (0, 0)


def test_too_few_samples_are_an_error():
    net, _ = hidden_mse()
    with pytest.raises(RuntimeError, match=r"relative error of 0\.0\d+ after 480 samples, not 0.0"):
        population_output_hessian(
            net, 0, "ce", np.random.default_rng(0), relative_error=1e-4, batch_size=160,
            most_samples=500,
        )  # fmt: skip


NET = Network.random([3, 4, 2], np.random.default_rng(0))
H = layer_hessian(NET, np.ones((6, 3)), 0, "ce")


def population(**options):
    return population_output_hessian(NET, 0, "ce", np.random.default_rng(0), **options)


BAD = {
    "groups": (lambda: grouped_output_hessian(H, 4), "must divide the 6 samples, got 4"),
    "no groups": (lambda: grouped_output_hessian(H, 0), "n_groups must be at least 1"),
    "few groups": (lambda: population(n_groups=4), "n_groups must be at least 8, got 4"),
    "batch": (lambda: population(batch_size=100), "must be a multiple of 16, got 100"),
    "no error": (lambda: population(relative_error=0), "relative_error must be positive"),
    "most": (lambda: population(most_samples=100), "most_samples must be at least 2048, got 100"),
    "inputs": (
        lambda: population(inputs=lambda n, d, rng: np.ones((32, d))),
        "inputs must return 2048 samples, got 32",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def four_points(n, d, rng):
    """Each of four inputs equally often: their mean is the population's, without error."""
    return np.resize(np.random.default_rng(0).standard_normal((4, d)), (n, d))


def signs(X, rng):
    return (X[:, 0] > 0).astype(int)


def test_smooth_activations_need_labels_of_fresh_inputs():
    net = Network.random([3, 4, 2], 1, activation="tanh", bias_scale=0.5)
    X = four_points(4, 3, None)
    with pytest.raises(ValueError, match="y must be given"):
        population_output_hessian(net, 0, "ce", 0, inputs=four_points)
    with pytest.raises(ValueError, match=r"labels must be a function \(X, rng\) -> y, got 'x'"):
        population_output_hessian(net, 0, "ce", 0, inputs=four_points, labels="x")
    for options, own in (
        ({"labels": signs}, {"y": signs(X, None)}),
        ({"part": "gauss-newton"}, {"part": "gauss-newton"}),
    ):
        M = population_output_hessian(net, 0, "ce", 0, inputs=four_points, **options)
        expected = layer_hessian(net, X, 0, "ce", **own).output_hessian()
        np.testing.assert_allclose(M.mean, expected, atol=1e-13)
        assert M.relative_error < 1e-12


def test_labels_are_drawn_from_the_generator_of_the_inputs():
    net = Network.random([3, 4, 2], 1, activation="tanh")
    found = [
        population_output_hessian(
            net, 0, "ce", 5, relative_error=0.5, labels=lambda X, rng: random_labels(len(X), 2, rng)
        ).mean
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*found)


def test_labels_are_those_of_the_samples_drawn():
    """Inputs and their labels come in turn from one generator, whose draws another one repeats."""
    net, twin = Network.random([3, 4, 2], 1, activation="tanh"), np.random.default_rng(6)
    result = population_output_hessian(
        net,
        0,
        "ce",
        np.random.default_rng(6),
        relative_error=0.1,
        batch_size=32,
        labels=lambda X, rng: random_labels(len(X), 2, rng),
    )
    batches = [
        layer_hessian(
            net, gaussian_inputs(32, 3, twin), 0, "ce", y=random_labels(32, 2, twin)
        ).output_hessian()
        for _ in range(result.n_samples // 32)
    ]
    assert len(batches) > 1
    np.testing.assert_allclose(result.mean, np.mean(batches, axis=0), rtol=0, atol=10 * EXACT)
