"""Rank, Kronecker form and eigenspaces: every column again from the same seed, by brute force."""

import numpy as np
import pytest
from scipy.stats import norm

import rmt_hessian as rh
from rmt_hessian.compare import density_curve
from rmt_hessian.measurements.eigenspaces import eigenspaces
from rmt_hessian.measurements.kronecker import kronecker_form, network_kronecker
from rmt_hessian.measurements.output_rank import output_rank, population_rank
from rmt_hessian.theory.structure.softmax_cumulants import mean_curvature, mean_third_cumulant
from tests import oracles
from tests.small import CASES, ensemble
from tests.tolerances import EXACT, ITERATIVE

SEED = 7
BATCH, GROUPS = 2048, 16  # of `population_output_hessian`


def assert_columns(result, expected, tolerance):
    """The same names, and values equal to a tolerance times the largest entry of the column."""
    assert result.keys() == expected.keys()
    for name, value in expected.items():
        value = np.asarray(value, dtype=float)
        assert np.shape(result[name]) == value.shape, name
        scale = np.abs(value).max(initial=0.0, where=np.isfinite(value))
        np.testing.assert_allclose(
            result[name], value, rtol=0, atol=tolerance * max(scale, 1.0), err_msg=name
        )


def top(A, n):
    """Eigenvectors of the n largest eigenvalues, the largest first, by LAPACK on all of A."""
    return np.linalg.eigh(A)[1][:, ::-1][:, :n]


def overlaps(U, V):
    """Overlap of the spaces of the first q columns, q = 1, 2, …, one by one."""
    return [np.sum((U[:, :q].T @ V[:, :q]) ** 2) / q for q in range(1, U.shape[1] + 1)]


def cut(A, n):
    """Whether the q-th eigenvalue is equal to the next, q = 1 … n: eigenvectors are not defined."""
    values = np.append(np.linalg.eigvalsh(A)[::-1], -np.inf)
    return values[:n] - values[1 : n + 1] < 1e-9 * np.abs(values[:-1]).max()


def defined_overlaps(A, B, n):
    """Overlaps of the top eigenspaces, NaN where the dimension cuts a multiple eigenvalue."""
    return np.where(cut(A, n) | cut(B, n), np.nan, overlaps(top(A, n), top(B, n)))


def gradients(net, X, layer, labels, loss):
    """``∂ℓ_n/∂a_n`` of a layer sample by sample: residual, pulled down, shape (N, k)."""
    rows = []
    for x, label in zip(X, labels, strict=True):
        inputs = [x]
        for W in net.weights[:-1]:
            inputs.append(np.maximum(W @ inputs[-1], 0.0))
        f = net.weights[-1] @ inputs[-1]
        p = np.exp(f - f.max())
        g = (p / p.sum() if loss == "ce" else f) - np.eye(len(f))[label]
        for l in range(len(net.weights) - 1, layer, -1):
            g = (net.weights[l].T @ g) * (inputs[l] > 0)
        rows.append(g)
    return np.array(rows)


# --- output_rank --------------------------------------------------------------------------------


@pytest.mark.parametrize("C", [2, 4])
def test_every_column_of_output_rank(C):
    ens = rh.Ensemble([7, 9, C], 0, "ce", n_samples=40)
    result = output_rank(np.random.default_rng(SEED), ens=ens)
    rng = np.random.default_rng(SEED)
    net, X, labels = rh.sample(ens, rng)  # labels are drawn last
    W, V = net.weights
    g = gradients(net, X, 0, labels, "ce")
    M = oracles.output_hessians(net, X, 0, "ce").mean(axis=0)
    P = oracles.softmax(net(X))
    A = np.mean([np.diag(p) - np.outer(p, p) for p in P], axis=0)
    cosines = W @ W.T / np.outer(*[np.linalg.norm(W, axis=1)] * 2)
    both = 1 / 4 + np.arcsin(np.clip(cosines, -1, 1)) / (2 * np.pi)
    values, predicted, of_gradients = (
        np.linalg.eigvalsh(matrix)[::-1] for matrix in (M, both * (V.T @ A @ V), g.T @ g / 40)
    )
    frame = projector((V - V.mean(axis=0)).T)
    expected = {
        "top_eigenvalue": values[0],
        "last_large_eigenvalue": values[C - 2],
        "first_small_eigenvalue": values[C - 1],
        "gap": values[C - 1] / values[C - 2],
        "predicted_gap": predicted[C - 1] / predicted[C - 2],
        "overlap": 1 - defect(M, frame),
        "gradient_gap": of_gradients[C - 1] / of_gradients[C - 2],
        "gradient_overlap": 1 - defect(g.T @ g, frame),
        "eigenvalues": values,
        "predicted_eigenvalues": predicted,
        "gradient_eigenvalues": of_gradients,
    }
    assert_columns(result, expected, ITERATIVE)


# --- population_rank ----------------------------------------------------------------------------

RELATIVE_ERROR = 0.1


def rank_widths(depth):
    return [7, *[8] * depth, 3]


def projector(columns):
    return columns @ np.linalg.pinv(columns)


def defect(M, P):
    """1 - overlap of the top eigenspace of M with the range of the projector P."""
    rank = round(np.trace(P))
    U = top(M, rank)
    return 1 - np.trace(U.T @ P @ U) / rank


def expected_rank(depth, layer):
    """The columns that do not depend on a definition of the rank, with plain NumPy."""
    d, *_, C = rank_widths(depth)
    rank = C - 1
    rng = np.random.default_rng(SEED)
    net = rh.Network.random(rank_widths(depth), rng)
    moments = rh.theory.propagate(net.weights)
    predicted = rh.theory.population_factors(net.weights, "ce", rng=rng)[layer].left
    defects = np.nan, np.nan
    if (depth, layer) == (1, 0):
        last = moments[-1].preactivation_mean, moments[-1].preactivation_covariance
        A, T = mean_curvature(*last, rng), mean_third_cumulant(*last, rng)
        ens = rh.Ensemble(net.widths, 0, "ce", n_samples=1)
        predicted = rh.theory.predicted_output_hessian(ens.given(net), A, T)
        both = rh.theory.eigenspace_defect(ens)
        defects = both.centred, both.projected

    above = np.eye(C)  # ∂f/∂(pre-activation), each mask at its probability
    for l in range(depth, layer, -1):
        below = moments[l - 1]
        deviation = np.sqrt(below.preactivation_covariance.diagonal())
        above = above @ net.weights[l] @ np.diag(norm.cdf(below.preactivation_mean / deviation))
    total = above.sum(axis=0)
    frames = {
        "centred": projector((above - above.mean(axis=0)).T),
        "projected": projector(above.T) - np.outer(total, total) / (total @ total),
        "factors": projector(top(predicted, rank)),
    }

    batches = []
    spread = np.inf
    while spread > RELATIVE_ERROR:
        X = rh.gaussian_inputs(BATCH, d, rng)
        M = oracles.output_hessians(net, X, layer, "ce")
        batches.append(M.reshape(GROUPS, -1, *M.shape[1:]).mean(axis=1))
        groups = np.mean(batches, axis=0)
        M = groups.mean(axis=0)
        of_groups = np.sum((groups - M) ** 2) / (GROUPS * (GROUPS - 1))
        spread = np.sqrt(of_groups) / np.linalg.norm(M)

    def shape(M):
        values = np.linalg.eigvalsh(M)[::-1]
        defects = {f"{name}_defect": defect(M, P) for name, P in frames.items()}
        return {"gap": values[rank] / values[rank - 1], **defects}

    def ranks(M):
        values = np.linalg.eigvalsh(M)[::-1]
        ratios = values[1:] / values[:-1]
        return {
            "rank_by_gap": np.argmin(ratios[: max(len(M) // 2, rank)]) + 1,
            "rank_by_energy": np.argmax(np.cumsum(values**2) >= 0.9 * np.sum(values**2)) + 1,
            "share_of_trace": values[:rank].sum() / values.sum(),
            "numerical_rank": np.linalg.matrix_rank(M),
        }

    expected = {}
    without = [np.delete(groups, g, axis=0).mean(axis=0) for g in range(GROUPS)]
    for statistic, correct in ((shape, True), (ranks, False)):
        left_out = [statistic(mean) for mean in without]
        for name, value in statistic(M).items():
            others = np.array([values[name] for values in left_out])
            bias = (GROUPS - 1) * (others.mean() - value)
            expected[name] = value - bias if correct else value
            expected[f"{name}_error"] = np.sqrt(
                (GROUPS - 1) * np.mean((others - others.mean()) ** 2)
            )
    predicted = np.linalg.eigvalsh(predicted)[::-1]
    return expected | {
        "predicted_gap": predicted[rank] / predicted[rank - 1],
        "predicted_centred_defect": defects[0],
        "predicted_projected_defect": defects[1],
        "n_samples": BATCH * len(batches),
        "eigenvalues": np.linalg.eigvalsh(M)[::-1],
        "predicted_eigenvalues": predicted,
    }


@pytest.mark.parametrize(("depth", "layer"), [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1)])
def test_every_column_of_population_rank(depth, layer):
    rng, sizes = np.random.default_rng(SEED), {"widths": rank_widths(depth), "layer": layer}
    result = population_rank(rng, **sizes, relative_error=RELATIVE_ERROR)
    # the correction of the bias multiplies rounding by 15
    assert_columns(result, expected_rank(depth, layer), 100 * EXACT)


def test_the_last_layer_has_rank_C_minus_one(rng):
    result = population_rank(rng, widths=[7, 8, 3], layer=1, relative_error=RELATIVE_ERROR)
    assert abs(result["gap"]) < EXACT
    assert result["rank_by_gap"] == result["numerical_rank"] == 2
    assert abs(result["centred_defect"]) < EXACT


@pytest.mark.parametrize(
    ("widths", "layer", "message"),
    [
        ([7, 8, 3], 2, "layer must lie in 0 … 1, got 2"),
        ([7, 3], 1, "layer must lie in 0 … 0, got 1"),
        ([7, 8, 8], 0, r"widths\[-1\] must be below 8, the units of layer 0, got 8"),
    ],
)
def test_population_rank_refuses(widths, layer, message, rng):
    with pytest.raises((ValueError, IndexError), match=message):
        population_rank(rng, widths=widths, layer=layer, relative_error=RELATIVE_ERROR)


def test_the_last_layer_may_have_more_classes_than_units(rng):
    result = population_rank(rng, widths=[7, 4, 5], layer=1, relative_error=RELATIVE_ERROR)
    assert result["numerical_rank"] == 4


# --- kronecker_form -----------------------------------------------------------------------------

N_TOP = 5


def form(case):
    return ensemble(case, 9, 6, 4, n_samples=40)


def expected_form(case):
    ens = form(case)
    rng = np.random.default_rng(SEED)
    net = rh.Network.random(ens.widths, rng)
    X = rh.gaussian_inputs(40, 9, rng)
    prediction = rh.theory.decoupling(ens.given(net), rng=rng)
    H = oracles.layer_hessian(net, X, ens.layer, ens.loss)
    Z = np.maximum(X @ net.weights[0].T, 0) if ens.layer == 1 else X
    M, S = oracles.output_hessians(net, X, ens.layer, ens.loss).mean(axis=0), Z.T @ Z / 40
    product, k, p = np.kron(M, S), len(M), len(S)
    rearranged = H.reshape(k, p, k, p).swapaxes(1, 2).reshape(k * k, p * p)
    singular = np.linalg.svd(rearranged, compute_uv=False)
    values, of_product = (np.linalg.eigvalsh(A)[::-1] for A in (H, product))
    law = rh.theory.layer_law(ens) if case.startswith("linear") else None
    return {
        "aspect_ratio": prediction.participation / 40,
        "error": np.linalg.norm(H - product) / np.linalg.norm(H),
        "predicted_error": prediction.relative_error(40),
        "plateau": prediction.relative_error(np.inf),
        "nearest_error": np.sqrt(np.sum(singular[1:] ** 2) / np.sum(singular**2)),
        "top_eigenvalue": values[0],
        "kronecker_top_eigenvalue": of_product[0],
        "ks_kronecker": kolmogorov(values, of_product),
        "ks_law": rh.ks_distance(values[::-1], law) if law else np.nan,
        "eigenvalues": values,
        "kronecker_eigenvalues": of_product,
        "overlaps": defined_overlaps(H, product, N_TOP),
        "law_curve": density_curve(law) if law else np.empty((2, 0)),
    }


def kolmogorov(values, others):
    """Largest difference of the two empirical CDFs, of values to ten digits of the largest."""
    values, others = (np.round(x / values.max(), 10) for x in (values, others))
    places = np.concatenate([values, others])
    return max(abs(np.mean(values <= x) - np.mean(others <= x)) for x in places)


@pytest.mark.parametrize("case", CASES)
def test_every_column_of_kronecker_form(case):
    result = kronecker_form(np.random.default_rng(SEED), ens=form(case), n_top=N_TOP)
    # an error that vanishes is the square root of rounding
    assert_columns(result, expected_form(case), ITERATIVE)


def test_the_exact_null_space_is_no_distance():
    """``A 1 = 0``: 9 eigenvalues of both are 0 but for rounding, of either sign."""
    result = kronecker_form(np.random.default_rng(SEED), ens=form("linear-ce"), n_top=N_TOP)
    values, others = result["eigenvalues"], result["kronecker_eigenvalues"]
    assert np.abs(values[-9:]).max() < 1e-15
    assert result["ks_kronecker"] == pytest.approx(kolmogorov(values, others))
    assert result["ks_kronecker"] == pytest.approx(kolmogorov(values[:-9], others[:-9]) * 27 / 36)


def test_an_exact_product_is_no_distance():
    """Linear MSE: ``H = I ⊗ S``, each eigenvalue fourfold, of either up to rounding; the top
    eigenspace is one in dimensions 4, 8, … only."""
    result = kronecker_form(np.random.default_rng(SEED), ens=form("linear-mse"), n_top=N_TOP)
    assert result["ks_kronecker"] == 0
    defined = np.isfinite(result["overlaps"])
    np.testing.assert_array_equal(defined, [False, False, False, True, False])


# --- network_kronecker --------------------------------------------------------------------------

NETWORK = {"widths": [4, 5, 5, 3], "n_samples": 25, "input_mean": 0.7}


def jacobians(net, x):
    """``B = (B_0, B_1, …)``, ``z = (z_0, z_1, …)`` and the probabilities of one sample."""
    z, masks = [x], []
    for W in net.weights[:-1]:
        masks.append(np.diag((W @ z[-1] > 0).astype(float)))
        z.append(masks[-1] @ W @ z[-1])
    B = [np.eye(len(net.weights[-1]))]
    for W, D in zip(net.weights[:0:-1], masks[::-1], strict=True):
        B.insert(0, B[0] @ W @ D)
    return np.hstack(B), np.concatenate(z), oracles.softmax((net.weights[-1] @ z[-1])[None])[0]


def expected_network(n_top):
    rng = np.random.default_rng(SEED)
    net = rh.Network.random([4, 5, 5, 3], rng)
    X = rng.standard_normal((25, 4)) + 0.7
    labels = rng.integers(3, size=25)
    samples = [jacobians(net, x) for x in X]
    P = np.array([p for *_, p in samples])
    M = np.mean([B.T @ (np.diag(p) - np.outer(p, p)) @ B for B, _, p in samples], axis=0)
    S = np.mean([np.outer(z, z) for _, z, _ in samples], axis=0)
    units, features = np.array([5, 5, 3]), np.array([4, 5, 5])
    i = np.repeat(np.arange(13), np.repeat(features, units))  # unit of each weight
    ends = np.cumsum(features)
    places = zip(ends - features, ends, units, strict=True)
    a = np.concatenate([np.tile(np.arange(lo, hi), k) for lo, hi, k in places])  # its feature
    layer = np.repeat(np.arange(3), units * features)
    khatri_rao = M[np.ix_(i, i)] * S[np.ix_(a, a)]
    matrices = {
        "hessian": oracles.full_hessian(net, X, np.eye(3)[labels], "ce"),
        "gauss_newton": oracles.full_hessian(net, X, P, "ce"),
        "cross_layer": khatri_rao,
        "layer_wise": np.where(np.equal.outer(layer, layer), khatri_rao, 0.0),
    }
    expected = {}
    for name, A in matrices.items():
        values = np.linalg.eigvalsh(A)[::-1][:n_top]
        expected |= {f"{name}_eigenvalues": values, f"{name}_top_eigenvalue": values[0]}
    for name in ("gauss_newton", "cross_layer", "layer_wise"):
        for reference in ("hessian", "gauss_newton"):
            if name != reference:
                both = defined_overlaps(matrices[name], matrices[reference], n_top)
                expected[f"{name}_in_{reference}_overlaps"] = both
                if n_top >= 2:  # C - 1 = 2
                    expected[f"{name}_in_{reference}_overlap"] = both[1]
    return expected


@pytest.mark.parametrize("n_top", [1, 6])
def test_every_column_of_network_kronecker(n_top):
    result = network_kronecker(np.random.default_rng(SEED), n_top=n_top, **NETWORK)
    assert_columns(result, expected_network(n_top), ITERATIVE)


def test_network_kronecker_has_no_more_eigenvalues_than_weights(rng):
    with pytest.raises(ValueError, match="k must be at most 60"):
        network_kronecker(rng, n_top=61, **NETWORK)


# --- eigenspaces --------------------------------------------------------------------------------

MOST = 7


def spaces(case, d=6, C=4):
    return ensemble(case, d, 5, C, n_samples=30)


def expected_spaces(case, X, rng, input_mean, standardised, gaussian):
    """The columns, X being the inputs before their mean is added."""
    ens = spaces(case, d=X.shape[1])
    layer, loss, n_top = ens.layer, ens.loss, MOST
    X = X + input_mean
    hessians, products, predicted, uppers = [], [], [], []
    for _ in range(2):
        net = rh.Network.random(ens.widths, rng)
        Z = np.maximum(X @ net.weights[0].T, 0.0) if layer == 1 else X
        if standardised:
            scale = Z.std(axis=0)
            Z = (Z - Z.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
        upper = rh.Network(net.weights[layer:])
        uppers.append((upper, Z))
        hessians.append(oracles.layer_hessian(upper, Z, 0, loss))
        M = oracles.output_hessians(upper, Z, 0, loss).mean(axis=0)
        products.append((M, Z.T @ Z / len(Z)))
        if gaussian and not standardised:
            mean = np.full(X.shape[1], input_mean)
            factors = rh.theory.population_factors(net.weights, loss, input_mean=mean, rng=rng)
            predicted.append((factors[layer].left, factors[layer].right))
    labels = rh.random_labels(len(X), ens.n_classes, rng)
    covariances = []
    for upper, Z in uppers:
        g = gradients(upper, Z, 0, labels, loss)
        rows = np.array([np.kron(*pair) for pair in zip(g, Z, strict=True)])
        covariances.append(rows.T @ rows / len(Z))
    in_hessian = [
        defined_overlaps(*pair, n_top) for pair in zip(covariances, hessians, strict=True)
    ]
    of_gradients = defined_overlaps(*covariances, n_top)
    (M, S), k, p = products[0], *map(len, products[0])
    of_layers = defined_overlaps(*hessians, n_top)
    largest = np.nanmax(of_layers)
    matrices = top(hessians[0], n_top).T.reshape(n_top, k, p)
    singular = np.linalg.svd(matrices, compute_uv=False)
    leading = np.array([np.linalg.svd(A)[2][0] for A in matrices])
    r, x = top(M, k), top(S, 1)[:, 0]
    aligned = np.array([[(u.ravel() @ np.kron(r_i, x)) ** 2 for r_i in r.T] for u in matrices])
    # one eigenvector of a multiple eigenvalue is any
    of_multiple, of_multiple_r = (
        cut(A, n) | np.append(False, cut(A, n)[:-1]) for A, n in ((hessians[0], n_top), (M, k))
    )
    singular[of_multiple], leading[of_multiple] = np.nan, np.nan
    aligned[of_multiple], aligned[:, of_multiple_r] = np.nan, np.nan
    in_theory = np.full(n_top, np.nan)
    if predicted:
        in_theory = defined_overlaps(*(np.kron(*factors) for factors in predicted), n_top)
    shares = singular[~of_multiple, 0] ** 2
    return {
        "peak": np.argmax(of_layers > largest - 1e-9) + 1,
        "peak_overlap": largest,
        "predicted_peak": np.mean([peak_of(*factors) for factors in predicted or products]),
        "random_overlap": n_top / (k * p),
        "leading_share": np.mean([np.linalg.norm(S, 2) / np.trace(S) for _, S in products]),
        "rank_one_share": np.mean(shares) if shares.size else np.nan,
        "overlaps": of_layers,
        "kronecker_overlaps": defined_overlaps(*(np.kron(*f) for f in products), n_top),
        "predicted_overlaps": in_theory,
        "gradient_peak": np.nanargmax(of_gradients) + 1,
        "gradient_peak_overlap": np.nanmax(of_gradients),
        "gradient_overlaps": of_gradients,
        "gradient_in_hessian_overlaps": np.mean(in_hessian, axis=0),
        "singular_values": singular,
        "feature_alignment": (leading @ x) ** 2,
        "alignment": aligned,
    }


def peak_of(M, S):
    """How many of the top eigenvalues of M ⊗ S belong to the first eigenvector of S."""
    lam, mu = np.linalg.eigvalsh(M), np.linalg.eigvalsh(S)
    return np.sum(lam * mu[-1] > lam[-1] * mu[-2] * (1 + 1e-12))


@pytest.mark.parametrize("standardised", [False, True])
@pytest.mark.parametrize("input_mean", [0.0, 1.0])
@pytest.mark.parametrize("case", CASES)
def test_every_column_of_eigenspaces(case, input_mean, standardised):
    rng = np.random.default_rng(SEED)
    kind = {"input_mean": input_mean, "standardised": standardised}
    result = eigenspaces(rng, ens=spaces(case), inputs="gaussian", n_top=MOST, **kind)
    rng = np.random.default_rng(SEED)
    X = rh.gaussian_inputs(30, 6, rng)
    expected = expected_spaces(case, X, rng, input_mean, standardised, gaussian=True)
    assert_columns(result, expected, ITERATIVE)


def test_equal_overlaps_peak_at_the_first(rng):
    """Linear MSE: ``I ⊗ S`` for both networks, their spaces one in dimensions 4, 8, …; whatever the
    machine, the peak is at 4 and no eigenvector has a shape."""
    kind = {"inputs": "gaussian", "input_mean": 0.0, "standardised": False}
    result = eigenspaces(rng, ens=spaces("linear-mse"), n_top=MOST, **kind)
    assert (result["peak"], result["peak_overlap"]) == (4, pytest.approx(1.0, abs=EXACT))
    for name in ("rank_one_share", "singular_values", "feature_alignment", "alignment"):
        assert np.isnan(result[name]).all(), name


def test_no_peak_where_no_space_is_determined(rng):
    kind = {"inputs": "gaussian", "input_mean": 0.0, "standardised": False}
    result = eigenspaces(rng, ens=spaces("linear-mse"), n_top=3, **kind)
    assert np.isnan([result["peak"], result["peak_overlap"]]).all()


def test_overlaps_are_predicted_where_no_multiple_eigenvalue_is_cut(rng):
    """Two classes, inputs of a mean: E[A] has rank 1 and I + b bᵀ one eigenvector of its own,
    d = 6."""
    kind = {"inputs": "gaussian", "input_mean": 1.0, "standardised": False}
    result = eigenspaces(rng, ens=spaces("linear-ce", C=2), n_top=MOST, **kind)
    assert result["predicted_peak"] == 1
    determined = np.isfinite(result["predicted_overlaps"]).nonzero()[0] + 1
    np.testing.assert_array_equal(determined, [1, 6])  # before and after the five copies of 1


def test_eigenspaces_of_a_file_and_of_the_digits(tmp_path, rng):
    own = rng.standard_normal((50, 6))
    np.save(tmp_path / "own.npy", own)
    kind = {"input_mean": 0.5, "standardised": False}
    for inputs, data in ((str(tmp_path / "own.npy"), own), ("digits", rh.digits()[0])):
        ens, drawn = spaces("hidden-ce", d=data.shape[1]), np.random.default_rng(SEED)
        result = eigenspaces(drawn, ens=ens, inputs=inputs, n_top=MOST, **kind)
        drawn = np.random.default_rng(SEED)
        X = data[drawn.permutation(len(data))[:30]]
        expected = expected_spaces("hidden-ce", X, drawn, **kind, gaussian=False)
        assert_columns(result, expected, ITERATIVE)
        assert np.isnan(result["predicted_overlaps"]).all()


SHAPES = {"few": (29, 6), "narrow": (30, 5), "flat": (180,), "cube": (30, 6, 1)}
REFUSED = {
    "mnist": "inputs must be gaussian, digits or a file name.npy, got 'mnist'",
    "digits": r"at least 30 rows of 6 numbers .*, got shape \(1797, 64\)",
    "few.npy": r"at least 30 rows of 6 numbers .*, got shape \(29, 6\)",
    "narrow.npy": r"got shape \(30, 5\)",
    "flat.npy": r"got shape \(180,\)",
    "cube.npy": r"got shape \(30, 6, 1\)",
}


@pytest.mark.parametrize(("inputs", "message"), REFUSED.items())
def test_eigenspaces_refuses_inputs(inputs, message, tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    for name, shape in SHAPES.items():
        np.save(f"{name}.npy", np.zeros(shape))
    kind = {"inputs": inputs, "input_mean": 0.0, "standardised": False}
    with pytest.raises(ValueError, match=message):
        eigenspaces(rng, ens=spaces("hidden-ce"), n_top=MOST, **kind)
