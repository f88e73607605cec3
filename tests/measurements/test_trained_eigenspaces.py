"""Pairs of trained networks: every column again from the same seed, by brute force."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian import theory
from rmt_hessian.measurements.kronecker import beside_its_factors
from rmt_hessian.measurements.kronecker_structure import (
    autocorrelation,
    decoupled,
    eigenvectors,
    gradients,
    output_space,
)
from rmt_hessian.measurements.layer_view import LayerView
from rmt_hessian.measurements.top_spaces import mean_of_known, overlaps_of_products, peak_of
from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.measurements.trained_eigenspaces import (
    in_pair,
    trained_eigenspaces,
    with_relu_and_cross_entropy,
)
from rmt_hessian.spectra.matching import (
    overlap_up_to_permutation,
    random_overlaps_up_to_permutation,
)
from tests import oracles
from tests.measurements.columns import SEED, defined_overlaps, top
from tests.measurements.columns import gradients as output_gradients
from tests.spectra.test_independence import of_all_orders
from tests.tolerances import ITERATIVE

N_TOP, C = 8, 4
RUN = {"loss": "ce", "n_samples": 30, "inputs": "mixture", "separation": 2.0}
RUN |= {"optimiser": "gd", "steps": 6, "learning_rate": 0.3}
WIDTHS = [[6, 4], [6, 5, 4], [6, 2, 4], [6, 5, 6, 4]]
ENDS = {"initial": 0, "final": -1}


def described(**changes):
    return TrainingRun(**RUN | {"widths": [6, 5, 4]} | changes)


def features_of(net, X, layer):
    Z = X
    for W in net.weights[:layer]:
        Z = np.maximum(Z @ W.T, 0.0)
    return Z


def kronecker_order(M, S, n):
    """Vectors ``r_i ⊗ x_a`` by their products, the largest first, and the a of each."""
    (lam, R), (mu, X) = np.linalg.eigh(M), np.linalg.eigh(S)
    pairs = sorted(np.ndindex(len(lam), len(mu)), key=lambda pair: -lam[pair[0]] * mu[pair[1]])
    pairs = pairs[:n]
    return np.array([np.kron(R[:, i], X[:, a]) for i, a in pairs]).T, [a for _, a in pairs]


def alone_on_top(logits):
    """The class whose logit is above all others, -1 of a tie, as where no unit is active."""
    top = logits == logits.max(axis=1, keepdims=True)
    return np.where(top.sum(axis=1) == 1, top.argmax(axis=1), -1)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_every_column_again(widths):
    run = described(widths=widths)
    result = trained_eigenspaces(np.random.default_rng(SEED), run=run, n_top=N_TOP)
    rng = np.random.default_rng(SEED)
    first = run.train(rng, checkpoints=1)
    paths = first.path, first.another(rng, checkpoints=1).path
    X, y = first.X, first.y
    mean, covariance = X.mean(axis=0), np.cov(X.T, bias=True)
    moments = {"input_mean": mean, "input_covariance": covariance}
    gaussian = rng.multivariate_normal(mean, covariance, size=30, method="eigh")

    def check(name, expected, tolerance=ITERATIVE):
        np.testing.assert_allclose(
            result[name], expected, atol=tolerance, rtol=tolerance, err_msg=name
        )

    for e, (end, at) in enumerate(ENDS.items()):
        nets = [path.networks[at] for path in paths]
        check(f"{end}_accuracy", np.mean(alone_on_top(nets[0](X)) == y))
        check(f"{end}_loss", paths[0].losses[at])
        seen = alone_on_top(nets[0](first.fresh_X)) == first.fresh_y
        check(f"{end}_fresh_accuracy", np.mean(seen))
        for name, value in beside_its_factors(nets[0], X, y, N_TOP).items():
            if np.ndim(value):
                check_array(result, f"network_{name}", e, value)
            else:
                check(f"{end}_network_{name}", value)
        factors = [theory.population_factors(net.weights, "ce", **moments, rng=rng) for net in nets]
        for layer in range(len(widths) - 1):
            H, M, Z, G, normal, hats, of_products = [], [], [], [], [], [], []
            for net in nets:
                H.append(oracles.layer_hessian(net, X, layer, "ce"))
                M.append(oracles.output_hessians(net, X, layer, "ce"))
                Z.append(features_of(net, X, layer))
                g = output_gradients(net, X, layer, y, "ce")
                rows = np.array([np.kron(*pair) for pair in zip(g, Z[-1], strict=True)])
                G.append(rows.T @ rows / 30)
                scale = Z[-1].std(axis=0)
                hat = (Z[-1] - Z[-1].mean(axis=0)) / np.where(scale > 0, scale, 1.0)
                hats.append(hat)
                pairs = zip(M[-1], hat, strict=True)
                normal.append(np.mean([np.kron(m, np.outer(z, z)) for m, z in pairs], axis=0))
                of_products.append((M[-1].mean(axis=0), Z[-1].T @ Z[-1] / 30))
            k, p = widths[layer + 1], widths[layer]
            chance = np.arange(1, N_TOP + 1) / (k * p)
            seen = defined_overlaps(*H, N_TOP)
            check_array(result, f"overlaps_{layer}", e, seen)
            for name, pair in (("", H), ("gradient_", G), ("normalised_", normal)):
                curve = defined_overlaps(*pair, N_TOP)
                check_array(result, f"{name}overlaps_{layer}", e, curve)
                if np.isfinite(curve).all():
                    check(f"{end}_{name}peak_{layer}", np.argmax(curve - chance) + 1)
                    check(f"{end}_{name}peak_excess_{layer}", np.max(curve - chance))
            for name, products in (
                ("kronecker", of_products),
                ("predicted", [(f[layer].left, f[layer].right) for f in factors]),
            ):
                curve = defined_overlaps(*(np.kron(*pair) for pair in products), N_TOP)
                check_array(result, f"{name}_overlaps_{layer}", e, curve)
                distance = np.nanmean(np.abs(curve - seen))
                check(f"{end}_{name}_distance_{layer}", distance)
            peaks = [theory.overlap_peak(rh.KroneckerProduct(*pair)) for pair in of_products]
            check(f"{end}_predicted_peak_{layer}", np.mean(peaks))
            check(f"{end}_overlap_at_rank_{layer}", seen[C - 2])
            check(f"{end}_overlap_at_units_{layer}", seen[k - 1])
            check(f"{end}_random_overlap_{layer}", chance[C - 2])
            hidden = layer < len(widths) - 2 and k >= C
            if layer in (0, len(widths) - 2) and len(widths) > 2:
                frames = [top(A, C - 1) for A in H]
                shape = (k, p)
                if layer:
                    shape = (p, k)
                    frames = [
                        np.array([[U[i * p + a] for i in range(k)] for a in range(p)]).reshape(
                            p * k, C - 1
                        )
                        for U in frames
                    ]
                found = overlap_up_to_permutation(*frames, shape=shape, n_starts=10, rng=rng)
                check(f"{end}_matched_overlap_{layer}", found.overlap)
            if hidden:
                frames = [top(m.mean(axis=0), C - 1) for m in M]
                found = overlap_up_to_permutation(*frames, n_starts=10, rng=rng)
                check(f"{end}_output_overlap_{layer}", found.plain_overlap)
                check(f"{end}_matched_output_overlap_{layer}", found.overlap)
                random = random_overlaps_up_to_permutation(*frames, n_draws=5, n_starts=10, rng=rng)
                check(f"{end}_random_matched_overlap_{layer}", random.mean(), 0.05)
                mean, largest = (
                    result[f"{end}_{name}random_matched_overlap_{layer}"]
                    for name in ("", "largest_")
                )
                assert mean < largest  # of five
            # of the first network
            m, S = of_products[0]
            mu, x = np.linalg.eigh(S)
            check(f"{end}_ratio_{layer}", mu[-1] / mu[-2])
            check(f"{end}_leading_share_{layer}", mu[-1] / mu.sum())
            S_hat = hats[0].T @ hats[0] / 30
            of_hat = np.linalg.eigvalsh(S_hat)
            check(f"{end}_normalised_ratio_{layer}", of_hat[-1] / of_hat[-2])
            distance = np.linalg.norm(normal[0] - np.kron(m, S_hat)) / np.linalg.norm(normal[0])
            check(f"{end}_normalised_error_{layer}", distance)
            rows = top(normal[0], C - 1).T.reshape(-1, k, p)
            shares = np.linalg.svd(rows, compute_uv=False)[:, 0] ** 2
            check(f"{end}_normalised_rank_one_share_{layer}", shares.mean())
            values = np.linalg.eigvalsh(np.kron(m, S))[::-1][:N_TOP]
            check_array(result, f"kronecker_eigenvalues_{layer}", e, values)
            if hidden:
                for name, matrix in (("", m), ("predicted_", factors[0][layer].left)):
                    values = np.linalg.eigvalsh(matrix)[::-1]
                    check_array(result, f"{name}output_eigenvalues_{layer}", e, values)
                curves = (
                    defined_overlaps(G[0], H[0], N_TOP),
                    defined_overlaps(H[0], np.kron(m, S), N_TOP),
                )
                for name, curve in zip(("gradient_in_hessian", "product"), curves, strict=True):
                    check_array(result, f"{name}_overlaps_{layer}", e, curve)
            z = Z[0].mean(axis=0)
            check(f"{end}_mean_alignment_{layer}", (x[:, -1] @ z) ** 2 / (z @ z))
            of_weights = np.linalg.eigvalsh(factors[0][layer].right)
            check(f"{end}_predicted_ratio_{layer}", of_weights[-1] / of_weights[-2])
            vectors = top(H[0], N_TOP)
            shares = [np.linalg.svd(u.reshape(k, p), compute_uv=False)[0] ** 2 for u in vectors.T]
            check(f"{end}_rank_one_share_{layer}", np.mean(shares[: C - 1]))
            products, a = kronecker_order(m, S, N_TOP)
            matrix = (vectors.T @ products) ** 2
            check(f"{end}_in_order_{layer}", matrix.diagonal()[: C - 1].mean())
            along = [np.sum((u.reshape(k, p) @ x[:, -1]) ** 2) for u in vectors.T[: C - 1]]
            check(f"{end}_along_leading_{layer}", np.mean(along))
            check(f"{end}_predicted_along_leading_{layer}", np.mean(np.array(a[: C - 1]) == p - 1))
            check(
                f"{end}_kronecker_overlap_{layer}", defined_overlaps(H[0], np.kron(m, S), C - 1)[-1]
            )
            size = np.linalg.norm(H[0])
            check(f"{end}_error_{layer}", np.linalg.norm(H[0] - np.kron(m, S)) / size)
            rearranged = H[0].reshape(k, p, k, p).swapaxes(1, 2).reshape(k * k, p * p)
            parts = np.linalg.svd(rearranged, compute_uv=False)
            check(f"{end}_nearest_error_{layer}", np.linalg.norm(parts[1:]) / size)
            traces = np.trace(factors[0][layer].left) / np.trace(m)
            check(f"{end}_trace_ratio_{layer}", traces)
            of_gaussian = oracles.layer_hessian(nets[0], gaussian, layer, "ce")
            inputs = features_of(nets[0], gaussian, layer)
            of_factors = np.kron(
                oracles.output_hessians(nets[0], gaussian, layer, "ce").mean(axis=0),
                inputs.T @ inputs / 30,
            )
            distance = np.linalg.norm(of_gaussian - of_factors) / np.linalg.norm(of_gaussian)
            check(f"{end}_gaussian_error_{layer}", distance)
            if len(widths) < 4:
                given = rh.Ensemble(widths, layer, "ce", 30).given(nets[0])
                predicted = theory.expected_kronecker_error(given).relative_error(30)
                check(f"{end}_predicted_error_{layer}", predicted)
            values = np.linalg.eigvalsh(H[0])[::-1][:N_TOP]
            check_array(result, f"eigenvalues_{layer}", e, values)
            values = np.linalg.eigvalsh(G[0])[::-1][:N_TOP]
            check_array(result, f"gradient_eigenvalues_{layer}", e, values)
            found = defined_overlaps(G[0], H[0], N_TOP)[C - 2]
            check(f"{end}_gradient_in_hessian_overlap_{layer}", found)
            if hidden:
                values = np.linalg.eigvalsh(m)[::-1]
                check(f"{end}_gap_{layer}", values[C - 1] / values[C - 2])
                values = np.linalg.eigvalsh(factors[0][layer].left)[::-1]
                check(f"{end}_predicted_gap_{layer}", values[C - 1] / values[C - 2])
                given = rh.Ensemble(widths, layer, "ce", 30).given(nets[0])
                for name, of in (("plain_frame", {}), ("frame", moments)):
                    frame = theory.output_hessian_eigenspace(given, **of)
                    overlap = np.sum((top(m, C - 1).T @ frame) ** 2) / (C - 1)
                    check(f"{end}_{name}_overlap_{layer}", overlap)
            else:
                assert f"{end}_gap_{layer}" not in result


def check_array(result, name, e, expected):
    np.testing.assert_allclose(result[name][e], expected, atol=ITERATIVE, err_msg=name)


def test_correspondence_and_normalised_features_of_one_layer():
    run = described(n_samples=6)
    trained = run.train(np.random.default_rng(1), checkpoints=1)
    net, X = trained.path.network, trained.X
    factors = theory.population_factors(net.weights, "ce")
    view = LayerView(net, 0, X, trained.y, factors[0], {}, N_TOP)
    H = oracles.layer_hessian(net, X, 0, "ce")
    M = oracles.output_hessians(net, X, 0, "ce").mean(axis=0)
    seen = eigenvectors(view)["correspondence"]
    expected = (top(H, N_TOP).T @ kronecker_order(M, X.T @ X / 6, N_TOP)[0]) ** 2
    known = np.isfinite(seen)
    assert known[: C - 1, : C - 1].all()
    np.testing.assert_allclose(seen[known], expected[known], atol=ITERATIVE)
    # a network on normalised features with weights scaled back is the same function
    scale, mean = X.std(axis=0), X.mean(axis=0)
    weights = [net.weights[0] * scale, net.weights[1]]
    hat = (X - mean) / scale
    biased = rh.Network(weights, [net.weights[0] @ mean, np.zeros(C)])
    np.testing.assert_allclose(biased(hat), net(X), atol=1e-12)
    same = rh.layer_hessian(biased, hat, 0, "ce").to_dense()
    np.testing.assert_allclose(view.normalised.to_dense(), same, atol=1e-12)
    few = LayerView(net, 0, X[:5], trained.y[:5], factors[0], {}, N_TOP)
    expected = of_all_orders(few.H)
    assert decoupled(few)["independent_error"] == pytest.approx(expected)


DEAD = {
    "no weights below": [np.zeros((5, 6)), np.eye(4, 5)],
    "no weights above": [np.eye(5, 6), np.zeros((4, 5))],
    "no unit active": [-np.ones((5, 6)), np.eye(4, 5)],
}


@pytest.mark.parametrize("name", DEAD)
@pytest.mark.parametrize("layer", [0, 1])
def test_dead_layers_have_nan(name, layer, rng):
    """Inputs are positive. What is not determined is not a number, and nothing is raised."""
    net, X, y = rh.Network(DEAD[name]), rng.random((30, 6)), np.arange(30) % 4
    moments = {"input_mean": X.mean(axis=0), "input_covariance": np.cov(X.T, bias=True)}
    predicted = theory.population_factors(net.weights, "ce", **moments)[layer]
    view = LayerView(net, layer, X, y, predicted, moments, N_TOP)
    row = in_pair(view, view, rng)
    for seen in (autocorrelation, eigenvectors, decoupled, output_space, gradients):
        row |= seen(view)
    if (name, layer) == ("no weights above", 1):
        assert row["error"] < 1e-7  # M is the same for all samples
    else:
        for column in (
            "error", "nearest_error", "independent_error", "rank_one_share", "overlap_at_rank",
            "along_leading", "predicted_along_leading", "peak", "predicted_peak",
        ):  # fmt: skip
            assert np.isnan(row[column]), column
        assert np.isnan(row["matched_overlap"])
    if layer == 0:
        assert np.isnan(row["gap"])
        assert np.isnan(row["matched_output_overlap"])


def test_small_helpers():
    assert peak_of(np.array([0.1, 0.5, np.nan, 0.5])) == (2, 0.5)
    assert peak_of(np.array([0.1, 0.5 - 1e-12, 0.5])) == (2, 0.5)  # equal but for rounding
    assert np.isnan(peak_of(np.full(3, np.nan))).all()
    assert np.isnan(overlaps_of_products([], 3)).all()
    assert mean_of_known(np.array([1.0, np.nan, 3.0])) == 2.0
    assert np.isnan(mean_of_known(np.array([np.nan])))


@pytest.mark.parametrize(
    "changes", [{"loss": "mse"}, {"activation": "tanh"}, {"loss": "mse", "activation": "gelu"}]
)
def test_what_is_refused(changes):
    with pytest.raises(ValueError, match="loss must be 'ce' and activation 'relu', got '"):
        with_relu_and_cross_entropy(described(**changes))


@pytest.mark.parametrize("n_top", [4, 5])
def test_the_overlap_at_the_units_is_among_those_looked_at(n_top):
    """Five units."""
    result = trained_eigenspaces(np.random.default_rng(0), run=described(), n_top=n_top)
    assert np.isfinite(result["final_overlap_at_units_0"]) == (n_top == 5)


def test_the_overlap_expected_before_training_is_that_of_the_centred_rows(rng):
    """Wide enough for the leading order: the same before training and after."""
    run = described(widths=[40, 40, 3], steps=1)
    result = trained_eigenspaces(rng, run=run, n_top=2)
    expected = theory.eigenspace_defect(rh.Ensemble([40, 40, 3], 0, "ce", 30)).centred
    for end in ENDS:
        assert result[f"{end}_expected_frame_overlap_0"] == 1 - expected


@pytest.mark.parametrize("n_top", [2, 21])
def test_dimensions_that_are_refused(n_top):
    with pytest.raises(ValueError, match=rf"n_top must be in 3 … 20, .*, got {n_top}"):
        trained_eigenspaces(np.random.default_rng(0), run=described(), n_top=n_top)
