"""Softmax regression at its optimum follows laws that know nothing of the training.

Simulated optima beside `trained_softmax`: losses, accuracies, norms and responses agree within the
scatter of draws, at two sizes of each kind of inputs; spectra and outliers follow, and the law
without the proximal map does not. Bounds: the mean over n draws lies within Student's t of its
standard error of the prediction (1 in 5000 by chance, were draws normal), beside the error of the
integration and corrections of relative size 2/d.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import t as student

import rmt_hessian as rh
from rmt_hessian import theory
from rmt_hessian.compare import ks_distance
from rmt_hessian.measurements.trained_laws import (
    SoftmaxRun,
    optimum,
    predicted_numbers,
    response,
    trained_numbers,
)
from rmt_hessian.measurements.trained_paths import PathsRun, trained_paths
from rmt_hessian.model.mixtures import draw_mixture, mixture_means
from rmt_hessian.theory.trained.equations import basis
from rmt_hessian.theory.trained.exchangeable_outliers import ExchangeableDirections

DRAWS = 8
KINDS = {  # one size; the other has twice d and N
    "labels": {"n_inputs": 100, "n_classes": 3, "n_samples": 400, "ridge": 0.02},
    "mixture": {
        "n_inputs": 100,
        "n_classes": 5,
        "n_samples": 500,
        "ridge": 0.03,
        "separation": 2.5,
    },
    "separable": {
        "n_inputs": 120,
        "n_classes": 4,
        "n_samples": 480,
        "ridge": 0.003,
        "separation": 3.5,
    },
    "fewer samples than inputs": {"n_inputs": 300, "n_classes": 4, "n_samples": 200, "ridge": 0.05},
    "groups": {
        "n_inputs": 120,
        "n_classes": 4,
        "n_samples": 480,
        "ridge": 0.02,
        "separation": 2.5,
        "n_groups": 2,
        "correlation": 0.5,
    },
    "unequal": {
        "n_inputs": 120,
        "n_classes": 3,
        "n_samples": 600,
        "ridge": 0.02,
        "separation": 2.5,
        "imbalance": 2.0,
    },
}


def run_of(kind, scale=1):
    parameters = dict(KINDS[kind])
    for name in ("n_inputs", "n_samples"):
        parameters[name] *= scale
    return SoftmaxRun(**parameters)


@cache
def draws(run, n=DRAWS, seed=0):
    """Optima, Hessians and samples of n draws."""
    found = []
    for k in range(n):
        rng = np.random.default_rng([seed, k])
        means, seen, new = run.samples(rng)
        net = optimum(*seen, run.n_classes, run.ridge)
        found.append((means, seen, new, net, rh.layer_hessian(net, seen[0], 0, "ce")))
    return found


@cache
def trained(run, rng=0):
    return theory.trained_softmax(run.ensemble(), ridge=run.ridge, rng=rng)


def numbers_of(found, run):
    """What theory says."""
    mean = lambda matrix: float(np.trace(matrix)) / (run.n_classes - 1)  # noqa: E731
    return predicted_numbers(found) | {
        "a": mean(found.state.means / (run.separation or 1.0)),
        "q": mean(found.state.noise),
    }


def within(values, predicted, error, size):
    """Whether a mean over draws is what was predicted; see the docstring of the module."""
    n = len(values)
    allowed = student.ppf(0.9999, n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    return abs(np.mean(values) - predicted) <= allowed + 2 * error + 2 / size * abs(predicted)


@cache
def seen_numbers(run):
    """Of each draw, and as arrays by name."""
    rows = [
        trained_numbers(net, H, train, new) | response(net.weights[0], means)
        for means, train, new, net, H in draws(run)
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_the_optimum_are_predicted(kind):
    """The scatter of draws falls as 1/√N: both sizes tell it together."""
    runs = [run_of(kind, scale) for scale in (1, 2)]
    seen = [seen_numbers(run) for run in runs]
    for name in seen[0]:
        scatter = np.mean(
            [
                run.n_samples * values[name].var(ddof=1)
                for run, values in zip(runs, seen, strict=True)
            ]
        )
        for run, values in zip(runs, seen, strict=True):
            value, again = (numbers_of(trained(run, seed), run)[name] for seed in (0, 1))
            allowed = student.ppf(0.9999, 2 * (DRAWS - 1)) * np.sqrt(
                scatter / run.n_samples / DRAWS
            )
            allowed += 2 * abs(value - again) + 2 / run.n_inputs * abs(value)
            assert abs(values[name].mean() - value) <= allowed, (name, values[name], value)
            if name not in ("q", "a"):  # not within by being vague
                assert values[name].mean() == pytest.approx(value, rel=0.12), name


SPECTRA = {
    "labels": SoftmaxRun(n_inputs=400, n_classes=4, n_samples=1600, ridge=0.003),
    "mixture": SoftmaxRun(n_inputs=400, n_classes=4, n_samples=1600, ridge=0.03, separation=3.0),
}


@pytest.mark.parametrize("kind", SPECTRA)
def test_spectra_follow_the_law_and_not_that_of_fresh_logits(kind):
    run, found = SPECTRA[kind], trained(SPECTRA[kind])
    parts = {
        "diagonal": (lambda H: H.block(0, 0), lambda f: found.block_law(0, 0, fresh=f)),
        "off_diagonal": (lambda H: H.block(0, 1), lambda f: found.block_law(0, 1, fresh=f)),
        "layer": (lambda H: H.to_dense(), lambda f: found.layer_law(fresh=f)),
    }
    for part, (matrix, law) in parts.items():
        few = draws(run, 3)[:2] if part == "layer" else draws(run, 3)
        spectra = [np.linalg.eigvalsh(matrix(H)) for *_, H in few]
        right, wrong = (np.mean([ks_distance(e, law(f)) for e in spectra]) for f in (False, True))
        assert right <= 0.03, part
        assert wrong >= 0.06, part


@pytest.mark.parametrize("kind", ["groups", "unequal"])
def test_layers_of_classes_that_differ_follow_the_matrix_law(kind):
    run = run_of(kind, 2)
    right, wrong = (trained(run).layer_law(fresh=fresh) for fresh in (False, True))
    spectra = [np.linalg.eigvalsh(H.to_dense()) for *_, H in draws(run)[:3]]
    assert np.mean([ks_distance(e, right) for e in spectra]) <= 0.03
    assert np.mean([ks_distance(e, wrong) for e in spectra]) >= 0.05


OUTLYING = SoftmaxRun(n_inputs=250, n_classes=3, n_samples=5000, ridge=0.01, separation=1.5)


def spectrum(matrix, span):
    """Eigenvalues, and squared overlaps of eigenvectors with a span of features."""
    values, vectors = np.linalg.eigh(matrix)
    parts = vectors.T.reshape(len(values), -1, len(span)) @ span
    return values, (parts**2).sum(axis=(1, 2))


@pytest.mark.parametrize("part", ["layer", "diagonal", "off_diagonal"])
def test_outliers_at_class_means(part):
    """Their number in every draw; mean place and overlap within the scatter of draws."""
    found = trained(OUTLYING)
    block = {"diagonal": (0, 0), "off_diagonal": (0, 1)}.get(part)
    law = found.layer_law() if block is None else found.block_law(*block)
    outliers = found.layer_outliers() if block is None else found.block_outliers(*block)
    outlier = max(outliers, key=lambda outlier: abs(outlier.place))
    assert outlier.multiplicity == (2 if block is None else 1)
    assert outlier.means_overlap > 0.6
    side = np.sign(outlier.place)
    edge = max(side * end for end in law.support())
    rows = []
    for means, *_, H in draws(OUTLYING, 6):
        matrix = H.to_dense() if block is None else H.block(*block)
        values, overlaps = spectrum(matrix, np.linalg.qr(means.T)[0])
        beyond = side * values > (edge + side * outlier.place) / 2
        assert beyond.sum() == outlier.multiplicity
        rows.append((values[beyond].mean(), overlaps[beyond].mean()))
    places, overlaps = np.array(rows).T
    assert within(places, outlier.place, 2e-3 * abs(outlier.place), OUTLYING.n_inputs)
    assert within(overlaps, outlier.means_overlap, 5e-3, OUTLYING.n_inputs)


GRADIENTS = SoftmaxRun(n_inputs=200, n_classes=3, n_samples=4000, ridge=0.01, separation=1.5)


def gradient_covariances(run, n):
    for means, (X, y), _, net, _ in draws(run, n):
        yield means, X, y, net, rh.layer_gradient_covariance(net, X, 0, "ce", y=y)


def test_gradient_covariances_follow_their_laws():
    found, matrix = trained(GRADIENTS), {"matrix": "gradient_covariance"}
    laws = {name: found.block_law(*name, **matrix) for name in ((0, 0), (0, 1))}
    layer, (low, high) = found.layer_law(**matrix), found.layer_outliers(**matrix)
    assert (low.multiplicity, high.multiplicity) == (1, 2)
    distances = {name: [] for name in (*laws, "layer")}
    rows = []
    for means, *_, G in gradient_covariances(GRADIENTS, 5):
        for name, law in laws.items():
            distances[name].append(ks_distance(np.linalg.eigvalsh(G.block(*name)), law))
        values, overlaps = spectrum(G.to_dense(), np.linalg.qr(means.T)[0])
        distances["layer"].append(ks_distance(values, layer))
        rows.append((values[-2:].mean(), overlaps[-2:].mean()))
    assert max(np.mean(values) for values in distances.values()) <= 0.05
    places, overlaps = np.array(rows).T
    assert within(places, high.place, 0.01 * high.place, GRADIENTS.n_inputs)
    assert within(overlaps, high.means_overlap, 0.02, GRADIENTS.n_inputs)


@pytest.mark.parametrize("matrix", ["hessian", "gradient_covariance"])
def test_the_outlier_matrix_is_the_inverse_of_simulated_resolvents(matrix):
    """``D(z)`` against ``[Wᵀ (H - z)^{-1} W]^{-1}``, the heuristic step itself.

    On multiples of P, along the means and along V⊥: what samples put into V matters there.
    """
    run = SoftmaxRun(n_inputs=300, n_classes=3, n_samples=6000, ridge=0.003, separation=1.0)
    found, K = trained(run), 3
    edge = found.layer_law(matrix=matrix).support()[1]
    z, law = 1.25 * edge, found._nonzero_law(found.sample, matrix)
    t = law.aspect_ratio * law.stieltjes(z).real
    right = ExchangeableDirections(found.moments, found.state, found.sample, matrix)
    wrong = ExchangeableDirections(found.moments, found.state, found.sample, matrix)
    wrong.coordinates[1] = (
        wrong.coordinates[1] + found.prox_step / np.sqrt(found.logit_variance) * wrong.g
    )
    wrong.g = 1e-9 * wrong.g  # as if V were independent of the sample
    predicted, independent = (np.diag(d.matrices(t, z)["trivial"]) for d in (right, wrong))
    seen = []
    for means, (X, y), _, net, H in draws(run, 4):
        matrices = H if matrix == "hessian" else rh.layer_gradient_covariance(net, X, 0, "ce", y=y)
        seen.append(trivial_part(matrices.to_dense(), net.weights[0], means, z, K))
    for l in range(2):
        assert within([row[l] for row in seen], predicted[l], 2e-3 * z, 150)
    error = np.abs(np.mean(seen, axis=0)[1] - np.array([predicted[1], independent[1]]))
    assert error[1] > 3 * error[0]


def trivial_part(matrix, V, means, z, K):
    """``[Wᵀ (H - z)^{-1} W]^{-1}`` on multiples of P, in the means and in V⊥."""
    U, d = basis(K), means.shape[1]
    across = U.T @ (V - (V @ means.T) @ means)
    values, vectors = np.linalg.eigh(across @ across.T)
    W = np.concatenate([means, (vectors / np.sqrt(values)) @ vectors.T @ across]).T
    H = np.einsum("ia,ipjq,jb->apbq", U, matrix.reshape(K, d, K, d), U).reshape((K - 1) * d, -1)
    directions = np.kron(np.eye(K - 1), W)
    D = np.linalg.inv(directions.T @ np.linalg.solve(H - z * np.eye(len(H)), directions))
    D = D.reshape(K - 1, 2 * K - 1, K - 1, 2 * K - 1)
    along = [np.concatenate([U.T, np.zeros((K - 1, K - 1))], 1), np.eye(K - 1, 2 * K - 1, K)]
    return [np.einsum("ap,apbq,bq", x, D, x) / (K - 1) for x in along]


def test_gradient_descent_is_near_the_ridge_path_at_equal_norm():
    run = PathsRun(
        n_inputs=150,
        n_classes=4,
        n_samples=750,
        separation=2.5,
        largest_ridge=1.0,
        smallest_ridge=0.001,
        n_ridges=12,
        gradient_steps=1000,
        learning_rate=1.0,
    )
    result = trained_paths(np.random.default_rng(0), run=run)
    for name in ("train_loss", "test_loss", "ratio"):
        assert result[f"deviation_{name}"] < 0.2
    # near, but another path: it is ahead on new samples where both are far along
    largest = result["ridge_weight_norm"].max()
    norms = result["descent_weight_norm"]
    far = (norms > 0.5 * largest) & (norms < largest)
    assert far.sum() >= 3
    order = np.argsort(result["ridge_weight_norm"])
    ridge = np.interp(
        norms[far],
        result["ridge_weight_norm"][order],
        result["ridge_test_loss"][order],
    )
    assert (result["descent_test_loss"][far] < ridge).all()


# --- mixtures at given weights ------------------------------------------------------------------


K, D, N = 3, 240, 4800


@cache
def learnt(steps):
    """A network after some steps on one sample, its ensemble, and four fresh samples."""
    rng = np.random.default_rng(8)
    means = mixture_means(rh.Mixture(3.0), K, D, rng)
    mixture = rh.Mixture(3.0, means=means)
    seen, *fresh = (draw_mixture(mixture, N, D, K, rng) for _ in range(5))
    net = rh.Network.random([D, K], rng)
    if steps:
        options = {"optimiser": "gd", "steps": steps, "learning_rate": 0.3, "checkpoints": []}
        net = rh.train(net, *seen, "ce", **options).network
    return net, rh.Ensemble([D, K], 0, "ce", N, inputs=mixture).given(net), fresh


@pytest.mark.parametrize("matrix", ["hessian", "gradient_covariance"])
@pytest.mark.parametrize("steps", [0, 3, 30])
@pytest.mark.parametrize("part", [(0, 0), (0, 1), "layer"])
def test_mixtures_at_given_weights(steps, part, matrix):
    """Fresh inputs, weights of every moment of a training: bulk, outliers and overlaps."""
    net, ens, fresh = learnt(steps)
    block = () if part == "layer" else part
    name = "layer" if part == "layer" else "block"
    law = getattr(theory, f"{name}_law")(ens, *block, matrix=matrix)
    outliers = getattr(theory, f"{name}_outliers")(ens, *block, matrix=matrix)
    span = np.linalg.qr(ens.inputs.means.T)[0]
    pairs = []
    for X, y in fresh:
        M = rh.layer_hessian(net, X, 0, "ce")
        if matrix != "hessian":
            M = rh.layer_gradient_covariance(net, X, 0, "ce", y=y)
        pairs.append(spectrum(M.block(*block) if block else M.to_dense(), span))
    values, overlaps = (np.array(column) for column in zip(*pairs, strict=True))
    # weights g_i g_j have long tails: few samples decide, and spectra scatter
    most = 0.04 if matrix == "hessian" else 0.06
    assert np.mean([ks_distance(row, law) for row in values]) <= most
    if matrix != "hessian" and block:  # of inputs without means: wrong, with random weights too
        without = theory.block_law(replace(ens, inputs="gaussian"), *block, matrix=matrix)
        assert np.mean([ks_distance(row, without) for row in values]) >= 0.06
    lo, hi = law.support()
    places = np.repeat([o.place for o in outliers], [o.multiplicity for o in outliers])
    shares = np.repeat([o.means_overlap for o in outliers], [o.multiplicity for o in outliers])
    above, below = places > hi + 0.5 * (hi - lo), places < lo - 0.5 * (hi - lo)
    for clear, ends in (
        (above, slice(values.shape[1] - above.sum(), None)),
        (below, slice(None, below.sum())),
    ):
        if clear.any():  # those that stand clear of the bulk: their mean, as sampling splits them
            where = values[:, ends].mean(axis=1)
            assert within(where, places[clear].mean(), 0.01 * np.abs(places[clear]).mean(), D)
            seen = overlaps[:, ends].mean(axis=1)
            assert within(seen, shares[clear].mean(), 0.01, D)
            assert where.mean() == pytest.approx(places[clear].mean(), rel=0.1)
    if matrix == "hessian" and steps != 3:
        assert above.any() or below.any()


def test_a_law_that_knows_no_means_is_wrong():
    net, ens, ((X, _), *_) = learnt(30)
    gaussian = rh.Ensemble([D, K], 0, "ce", N).given(net)
    values = np.linalg.eigvalsh(rh.layer_hessian(net, X, 0, "ce").to_dense())
    right, wrong = (ks_distance(values, theory.layer_law(e)) for e in (ens, gaussian))
    assert right < 0.03
    assert wrong > 0.15


def test_the_sample_that_was_trained_on_leaves_the_law_of_given_weights():
    """At the optimum of few samples; fresh ones follow it."""
    rng = np.random.default_rng(2)
    K, d, N = 3, 200, 600
    means = mixture_means(rh.Mixture(2.5), K, d, rng)
    mixture = rh.Mixture(2.5, means=means)
    seen, new = (draw_mixture(mixture, N, d, K, rng) for _ in range(2))
    net = optimum(*seen, K, 0.01)
    ens = rh.Ensemble([d, K], 0, "ce", N, inputs=mixture)
    law = theory.layer_law(ens.given(net))
    on_seen, on_new = (
        np.linalg.eigvalsh(rh.layer_hessian(net, X, 0, "ce").to_dense()) for X, _ in (seen, new)
    )
    trained_law = theory.trained_softmax(
        rh.Ensemble([d, K], 0, "ce", N, inputs=rh.Mixture(2.5)), ridge=0.01
    ).layer_law()
    assert ks_distance(on_new, law) < 0.03
    assert ks_distance(on_seen, law) > 0.06
    assert ks_distance(on_seen, trained_law) < 0.03
