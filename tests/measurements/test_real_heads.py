"""Measurements of trained heads beside slow loops, simulations and closed special cases."""

from itertools import product

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.measurements import real_heads as module
from rmt_hessian.measurements.real_head_structure import (
    encoded,
    kronecker_error_of_pairs,
    output_spectrum,
    pair_shares,
    real_head_structure,
)
from rmt_hessian.measurements.real_heads import (
    HeadOfNetwork,
    own_share_of_confident,
    parameters,
    random_head_ratios,
    random_weights,
    real_heads,
    structure,
)
from rmt_hessian.measurements.real_layers import at_temperature, real_layers
from rmt_hessian.model import head_data
from rmt_hessian.model.head_data import TrainedHead, packaged_head
from tests.tolerances import EXACT

N, P_IN, C = 40, 6, 5


@pytest.fixture
def head(rng):
    """Features, weights, probabilities of a random head."""
    Z = rng.standard_normal((N, P_IN)) + 0.3
    W = rng.standard_normal((C, P_IN))
    P = np.exp(Z @ W.T)
    return Z, W, P / P.sum(axis=1, keepdims=True)


def covariances(P):
    return np.stack([np.diag(p) - np.outer(p, p) for p in P])


def test_the_ratio_of_a_random_head_is_that_of_all_pairs(rng):
    """Beside the double sum as it stands in the docstring."""
    Z, s2 = rng.standard_normal((7, 3)), 0.4
    tops, bottoms = {}, {}
    for n, m in product(range(7), repeat=2):
        g = Z[n] @ Z[m]
        tops[n, m], bottoms[n, m] = g**2 * np.exp(2 * s2 * g), g**2 * np.exp(s2 * g)
    sample, population = random_head_ratios(Z, s2, n_classes=10)
    assert sample == pytest.approx(sum(tops.values()) / sum(bottoms.values()) / 100, rel=1e-13)
    for sums in (tops, bottoms):
        for n in range(7):
            del sums[n, n]
    assert population == pytest.approx(sum(tops.values()) / sum(bottoms.values()) / 100, rel=1e-12)


def test_the_ratio_of_a_random_head_is_seen_for_many_classes(rng):
    """C = 4000: finite C is worth O(exp(4 c_nn)/C) < 1 %; 30 heads leave their standard error."""
    Z = rng.standard_normal((60, 40))
    ratios = []
    for _ in range(30):
        W, s2 = random_weights(Z, 4000, rng)
        H = rh.head_hessian(Z, W)
        diagonal, off = H.mean_squared_block_norms()
        population = structure(H)["population_ratio"]
        ratios.append((off / diagonal, population))
    error = np.std(ratios, axis=0, ddof=1) / np.sqrt(len(ratios))
    expected = random_head_ratios(Z, s2, 4000)
    assert (np.abs(np.mean(ratios, axis=0) - expected) < 4 * error + 0.01 * np.abs(expected)).all()


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_structure_is_what_a_layer_hessian_says(head, temperature):
    Z, W, _ = head
    H = rh.head_hessian(Z, W, temperature=temperature)
    found = structure(H)
    diagonal, off = H.mean_squared_block_norms()
    assert found["ratio"] == pytest.approx(off / diagonal, rel=EXACT)
    assert found["c2_ratio"] == pytest.approx(C**2 * off / diagonal, rel=EXACT)
    assert found["share"] == pytest.approx(H.off_diagonal_share(), rel=EXACT)
    value, error = H.off_diagonal_share(population=True)
    assert found["population_share"] == pytest.approx(value, rel=1e-12)
    assert found["population_share_error"] == pytest.approx(error, rel=1e-9)
    diagonal, off = H.mean_squared_block_norms(population=True)
    assert found["population_ratio"] == pytest.approx(off / diagonal, rel=1e-12)


def test_the_own_part_is_that_of_single_samples(head):
    Z, W, P = head
    norms, off = np.zeros((2, N))
    for n, M in enumerate(covariances(P)):
        norms[n] = np.sum(M**2) * (Z[n] @ Z[n]) ** 2
        off[n] = norms[n] - np.sum(np.diag(M) ** 2) * (Z[n] @ Z[n]) ** 2
    found = structure(rh.head_hessian(Z, W))
    assert found["own_share"] == pytest.approx(off.sum() / norms.sum(), rel=1e-12)
    ratio = found["own_norms"] / norms
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-11)


@pytest.mark.parametrize("m", [1, 3, 10])
def test_a_confident_sample_has_the_own_share_of_its_competitors(m):
    """One class far above m equal ones and these far above the rest: 2/(m+3) up to e^{-30}."""
    W = np.repeat([30.0, 0.0, -60.0], [1, m, 4])[:, None]
    Z = np.ones((1, 1))
    assert own_share_of_confident(Z, W, np.ones(1)) == pytest.approx(2 / (m + 3), rel=1e-12)
    H = rh.head_hessian(np.ones((3, 1)), W)
    assert structure(H)["own_share"] == pytest.approx(2 / (m + 3), rel=1e-10)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_kronecker_error_needs_no_output_hessian(head, temperature):
    Z, W, _ = head
    H = rh.head_hessian(Z, W, temperature=temperature)
    expected = rh.kronecker_error(H, rh.kronecker_approximation(H))
    assert kronecker_error_of_pairs(H) == pytest.approx(expected, rel=1e-9)


def test_the_output_spectrum_is_that_of_the_mean(head):
    Z, W, P = head
    found = output_spectrum(rh.head_hessian(np.ones((N, 1)), logits=Z @ W.T))
    values = np.linalg.eigvalsh(covariances(P).mean(axis=0))
    np.testing.assert_allclose(found["output_eigenvalues"], values[1:], rtol=1e-8)
    rank = found["output_rank"]
    assert found["output_gap"] == pytest.approx(values[-1 - rank] / values[-rank], rel=1e-8)


def test_shares_of_pairs_are_those_of_a_slow_loop(head):
    """Pairs of different samples, one after another."""
    Z, _, P = head
    groups = ["a", "b", "a", "c", "b"]
    M, squares = covariances(P), np.zeros((C, C))
    for n, m in product(range(N), repeat=2):
        if n != m:
            squares += M[n] * M[m] * (Z[n] @ Z[m]) ** 2
    np.fill_diagonal(squares, 0.0)
    found = pair_shares(Z, P, groups)
    upper = sorted(((2 * squares[i, j], i, j) for i in range(C) for j in range(i)), reverse=True)
    total = squares.sum()
    for place, (value, i, j) in enumerate(upper):
        assert set(found["top_pairs"][place]) == {i, j}
        assert found["top_pair_shares"][place] == pytest.approx(value / total, rel=1e-10)
        mean = np.mean(P[:, i] * P[:, j])
        assert found["top_pair_confusions"][place] == pytest.approx(mean, rel=1e-12)
    assert found["share_of_1_pair"] == pytest.approx(upper[0][0] / total, rel=1e-10)
    assert found["share_of_100_pairs"] == pytest.approx(1.0, rel=1e-10)
    same = squares[0, 2] + squares[1, 4]
    assert found["share_in_groups"] == pytest.approx(2 * same / total, rel=1e-10)


def test_names_are_kept_as_numbers():
    found = encoded(("blank", "疗"), np.array([[0, 1]]))
    assert [bytes(name).rstrip(b"\0").decode() for name in found[0]] == ["blank", "疗"]


@pytest.fixture
def of_few(monkeypatch, rng):
    """Heads as they might come, of 12 classes."""
    few = TrainedHead(
        np.abs(rng.standard_normal((50, 8))),
        2 * rng.standard_normal((12, 8)),
        np.append(8.0, rng.standard_normal(11)),
        ("blank", *"abcdefghijk"),
        ("blank", *"aaabbbccccd"),
    )
    monkeypatch.setattr(
        head_data, "HEADS", {**head_data.HEADS, "magika": lambda: few, "ppocr-v6": lambda: few}
    )
    packaged_head.cache_clear()
    yield few
    packaged_head.cache_clear()


def test_a_head_is_measured_with_its_biases(of_few):
    run = HeadOfNetwork(head="magika", n_samples=100, temperature=2.0)
    found = real_heads(np.random.default_rng(1), run=run)
    Z = np.hstack([of_few.features, np.ones((50, 1))])
    W = np.hstack([of_few.weights, of_few.bias[:, None]])
    H = rh.head_hessian(Z, W, temperature=2.0)
    assert found["n_measured"] == 50  # all that there are
    assert found["share"] == pytest.approx(H.off_diagonal_share(), rel=1e-12)
    s2 = 1 / np.mean(np.sum(Z**2, axis=1)) / 4
    expected = 144 * random_head_ratios(Z, s2, 12)[1]
    assert found["predicted_population_c2_ratio"] == pytest.approx(expected, rel=1e-12)
    again = real_heads(np.random.default_rng(1), run=run)
    assert found == again
    structures = real_head_structure(np.random.default_rng(1), run=run, n_top=3)
    assert structures["kronecker_error"] == pytest.approx(
        rh.kronecker_error(H, rh.kronecker_approximation(H)), rel=1e-8
    )
    assert structures["rank_one_shares"].shape == (3,)
    assert structures["top_names"].shape == (20, 2, 24)


def test_steps_without_a_letter_are_left_out(of_few):
    run = HeadOfNetwork(head="ppocr-v6", n_samples=100, blanks=False)
    f = of_few.features @ of_few.weights.T + of_few.bias
    kept = of_few.features[f.argmax(axis=1) > 0]
    assert 0 < len(kept) < 50
    drawn = run.draw(np.random.default_rng(0))
    np.testing.assert_array_equal(drawn.features, kept)
    assert parameters(drawn)[0].shape == (len(kept), 9)
    with pytest.raises(ValueError, match="blanks must be true of a head without them, 'magika'"):
        HeadOfNetwork(head="magika", n_samples=1, blanks=False)


def test_a_head_for_older_pythons_is_told_and_not_measured(monkeypatch, rng):
    run = HeadOfNetwork(head="ppocr-v4", n_samples=10)
    monkeypatch.setattr(module.sys, "version_info", (3, 13))
    assert real_heads(rng, run=run) == {"available": False}
    assert real_head_structure(rng, run=run) == {"available": False}
    assert not HeadOfNetwork(head="ppocr-v6", n_samples=10).not_for_this_python


def test_layers_of_a_network_of_digits(rng):
    found = [
        real_layers(
            np.random.default_rng(2), data="digits", layer=layer, n_samples=300, temperature=2.0
        )
        for layer in (0, 1)
    ]
    assert [layer["n_units"] for layer in found] == [32, 10]
    net, X = head_data.digits_network("digits")
    seen = X[np.random.default_rng(2).permutation(len(X))[:300]]
    head = TrainedHead(net.forward(seen).features[1], net.weights[1], net.biases[1], (), ())
    H = rh.head_hessian(*parameters(head), temperature=2.0)
    assert found[1]["share"] == pytest.approx(H.off_diagonal_share(), rel=1e-10)  # times T² is 1
    np.testing.assert_allclose(at_temperature(net, 2.0)(seen), net(seen) / 2, rtol=1e-12)
    assert np.mean(net(X).argmax(axis=1) == rh.digits()[1]) > 0.98  # it is trained
    for layer in found:
        assert 0 < layer["population_share"] < 1
        assert 0 < layer["random_kronecker_error"] < layer["kronecker_error"]
