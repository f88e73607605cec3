"""The residual term between layers, [D]'s stripes: identities and bounds that hold at any weights.

Of one hidden layer without biases, ``f = V σ(W x)``, the stripe of unit i and class c is ``s_ic =
(1/N) Σ_n r_nc σ'(w_i · x_n) x_n``: what row ``v_c`` has at its feature i, beside its Gauss–Newton
part. Derived in docs/training.md.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rmt_hessian as rh
from rmt_hessian.measurements.layer_pairs import pairs_of_layers
from tests import oracles
from tests.tolerances import EXACT

LOSSES = ["ce", "mse"]


@st.composite
def problems(draw, depths=(1,), losses=("ce", "mse"), classes=(2, 6)):
    """Network, inputs, labels, loss; weights of any scale from 0.1 to 10."""
    n_hidden = draw(st.sampled_from(depths))
    widths = draw(st.lists(st.integers(1, 5), min_size=n_hidden + 1, max_size=n_hidden + 1))
    widths.append(draw(st.integers(*classes)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([0.1, 1.0, 3.0, 10.0]))
    net = rh.Network([scale * W for W in rh.Network.random(widths, rng).weights])
    X = rng.standard_normal((draw(st.integers(1, 12)), widths[0]))
    y = rng.integers(0, widths[-1], len(X))
    if draw(st.booleans()):  # fitted labels: the loss may be anything down to 0
        y = np.argmax(net(X), axis=1)
    return net, X, y, draw(st.sampled_from(losses))


def residual(net, X, y, loss):
    f = net(X)
    return (oracles.softmax(f) if loss == "ce" else f) - np.eye(f.shape[1])[y]


def mean_loss(net, X, y, loss):
    f = net(X)
    if loss == "mse":
        return np.mean(np.sum((f - np.eye(f.shape[1])[y]) ** 2, axis=1)) / 2
    own = np.eye(f.shape[1], dtype=bool)[y]
    others = (f - f[own][:, None])[~own].reshape(len(f), -1)
    top = np.maximum(others.max(axis=1), 0.0)  # where it is 0, log1p keeps what is small
    rest = np.sum(np.exp(others - top[:, None]), axis=1) + np.expm1(-top)
    return np.mean(top + np.log1p(rest))


def stripes(net, X, y, loss):
    """``s_ic``, shape (m, C, d), by loops."""
    W, V = net.weights
    r = residual(net, X, y, loss)
    s = np.zeros((len(W), len(V), W.shape[1]))
    for x, of_classes in zip(X, r, strict=True):
        for i in np.flatnonzero(W @ x > 0):
            s[i] += np.outer(of_classes, x) / len(X)
    return s


def rounding(net, X, y, loss):
    """Size of the terms of a gradient: residuals, or 1 that they were subtracted from."""
    largest = max(1.0, *(np.abs(W).max() for W in net.weights))
    return largest * np.abs(X).max() * max(1.0, np.abs(residual(net, X, y, loss)).max())


def gradients(net, X, y, loss):
    """``∂L/∂W_l``, as matrices."""
    flat = oracles.gradient(net, X, np.eye(net.widths[-1])[y], loss)
    ends = np.cumsum([W.size for W in net.weights])[:-1]
    return [g.reshape(W.shape) for g, W in zip(np.split(flat, ends), net.weights, strict=True)]


def both_parts(net, X, y, loss):
    """The Hessian and its Gauss–Newton part, formed."""
    return (rh.network_hessian(net, X, y, loss, part=part) for part in ("full", "gauss-newton"))


# --- what they are ------------------------------------------------------------------------------


@given(problems())
def test_the_residual_term_has_entries_at_one_feature_of_each_output_row_only(problem):
    net, X, y, loss = problem
    d, m, C = net.widths
    H, G = both_parts(net, X, y, loss)
    block = (H.block(0, 1) - G.block(0, 1)).reshape(m, d, C, m)
    expected = np.zeros_like(block)
    for i, of_unit in enumerate(stripes(net, X, y, loss)):
        expected[i, :, :, i] = of_unit.T
    atol = EXACT * max(np.abs(H.block(0, 1)).max(), 1.0)
    np.testing.assert_allclose(block, expected, rtol=0, atol=atol)


@given(problems())
def test_weights_contract_the_stripes_of_a_unit_to_its_gradients(problem):
    """``Σ_c V_ci s_ic = ∂L/∂w_i`` and ``w_i · s_ic = ∂L/∂V_ci``; of CE, ``Σ_c s_ic = 0``.

    So at a stationary point the matrix ``(s_ic)``, (d, C), of a unit has ``w_i`` in its left and
    ``v^i`` in its right null space (of CE the vector of ones too): that is all. With weight decay
    μ the two products are ``-μ w_i`` and ``-μ V_ci``.
    """
    net, X, y, loss = problem
    s, (W, V) = stripes(net, X, y, loss), net.weights
    of_W, of_V = gradients(net, X, y, loss)
    atol = EXACT * rounding(net, X, y, loss)
    np.testing.assert_allclose(np.einsum("ci,icd->id", V, s), of_W, rtol=0, atol=atol)
    np.testing.assert_allclose(np.einsum("id,icd->ci", W, s), of_V, rtol=0, atol=atol)
    if loss == "ce":
        np.testing.assert_allclose(s.sum(axis=1), 0, atol=atol)


@given(problems(losses=("ce",), classes=(2, 2)))
def test_of_two_classes_the_stripes_are_the_gradient(problem):
    """CE, C = 2: ``s_i0 = -s_i1 = (∂L/∂w_i)/(V_0i - V_1i)``. Where the classes' weights differ they
    vanish with the gradient."""
    net, X, y, loss = problem
    s, V = stripes(net, X, y, loss), net.weights[1]
    of_W, _ = gradients(net, X, y, loss)
    atol = EXACT * rounding(net, X, y, "ce")
    difference = (V[0] - V[1])[:, None]
    np.testing.assert_allclose(difference * s[:, 0], of_W, rtol=0, atol=atol)
    np.testing.assert_allclose(-difference * s[:, 1], of_W, rtol=0, atol=atol)


def test_a_unit_that_no_class_distinguishes_keeps_its_stripes(rng):
    """W = 0, V = 0: a stationary point of CE, C = 2, balanced labels, with stripes of order one."""
    net = rh.Network([np.zeros((3, 4)), np.zeros((2, 3))], activation="tanh")
    X, y = rng.standard_normal((40, 4)), np.arange(40) % 2
    assert np.abs(rh.train(net, X, y, "ce").gradient_norms[0]) < 1e-15
    s = 0.5 * np.mean(np.where(y == 1, 1.0, -1.0)[:, None] * X, axis=0)  # of each unit, class 0
    block = rh.network_hessian(net, X, y, "ce").block(0, 1).reshape(3, 4, 2, 3)
    for i in range(3):
        np.testing.assert_allclose(block[i, :, 0, i], s, rtol=0, atol=1e-15)
        np.testing.assert_allclose(block[i, :, 1, i], -s, rtol=0, atol=1e-15)
    assert np.linalg.norm(s) > 0.05


@given(problems(depths=(1, 2, 3)))
def test_at_any_depth_weights_contract_the_residual_term_to_the_gradient(problem):
    """Homogeneity: ``Σ r · ∂²f/∂W_m∂W_l [W_l] = ∂L/∂W_m``, and the same with l and m exchanged."""
    net, X, y, loss = problem
    H, G = both_parts(net, X, y, loss)
    of_layers = gradients(net, X, y, loss)
    for l, m in pairs_of_layers(net.n_layers):
        R = H.block(l, m) - G.block(l, m)
        W_l, W_m = net.weights[l].ravel(), net.weights[m].ravel()
        scale = max(np.abs(H.block(l, m)).max() * max(np.abs(W_l).max(), np.abs(W_m).max()), 1.0)
        for found, layer in ((W_l @ R, m), (R @ W_m, l)):
            np.testing.assert_allclose(
                found, of_layers[layer].ravel(), rtol=0, atol=100 * EXACT * scale
            )


# --- how large they may be ----------------------------------------------------------------------


@given(problems(losses=("ce",)))
def test_every_entry_is_at_most_a_constant_times_the_cross_entropy(problem):
    """``1 - p_y <= ℓ``, ``Σ_c' |A_cc'| = 2 p_c (1 - p_c) <= 2(1 - p_y)``, ``Σ |A_cc'| <= 4(1 -
    p_y)``: with largest entries x, h, v of inputs, features and V, hidden entries are at most ``4
    v² x² L``, those of the last layer ``h² L``, between them ``x (2 v h + 1) L``.
    """
    net, X, y, loss = problem
    H = rh.network_hessian(net, X, y, loss)
    L = mean_loss(net, X, y, loss) * (1 + 1e-9) + 1e-300
    x, h, v = (np.abs(A).max() for A in (X, net.forward(X).features[1], net.weights[1]))
    assert np.abs(H.block(0, 0)).max() <= 4 * v**2 * x**2 * L
    assert np.abs(H.block(1, 1)).max() <= h**2 * L
    assert np.abs(H.block(0, 1)).max() <= x * (2 * v * h + 1) * L


def jacobians(net, x):
    """``B_l = ∂f/∂a_l`` and the inputs ``z_l`` of all layers, ``∂z_m/∂a_l`` of pairs l < m."""
    z, masks = [x], []
    for W in net.weights[:-1]:
        masks.append(np.diag((W @ z[-1] > 0).astype(float)))
        z.append(masks[-1] @ W @ z[-1])
    B = [np.eye(net.widths[-1])]
    for W, D in zip(net.weights[:0:-1], masks[::-1], strict=True):
        B.insert(0, B[0] @ W @ D)
    moved = {}
    for l in range(net.n_layers - 1):
        moved[l, l + 1] = masks[l]
        for m in range(l + 2, net.n_layers):
            moved[l, m] = masks[m - 1] @ net.weights[m - 1] @ moved[l, m - 1]
    return B, z, moved


@given(problems(depths=(0, 1, 2, 3), losses=("ce",)))
def test_norms_of_all_blocks_are_at_most_a_constant_times_the_cross_entropy(problem):
    """``‖A‖ <= tr A <= 2(1 - p_y)``, ``‖p - y‖ <= √2 (1 - p_y)``, at any depth."""
    net, X, y, loss = problem
    H = rh.network_hessian(net, X, y, loss)
    constant = np.zeros((net.n_layers,) * 2)
    for x in X:
        B, z, moved = jacobians(net, x)
        of_layers = [np.linalg.norm(b) * np.linalg.norm(a) for b, a in zip(B, z, strict=True)]
        bound = 2 * np.outer(of_layers, of_layers)
        for (l, m), J in moved.items():
            of_stripes = np.linalg.norm(B[m]) * np.linalg.norm(J) * np.linalg.norm(z[l])
            bound[[l, m], [m, l]] += np.sqrt(2) * of_stripes
        constant = np.maximum(constant, bound)
    L = mean_loss(net, X, y, loss) * (1 + 1e-9) + 1e-300
    assert (H.block_norms() <= constant * L).all()


@given(problems(losses=("mse",)))
def test_stripes_of_the_squared_error_are_at_most_the_root_of_the_loss(problem):
    """Cauchy–Schwarz: ``‖stripes‖ <= √m √(2L) √(mean ‖x‖²)``."""
    net, X, y, loss = problem
    L, m = mean_loss(net, X, y, loss), net.widths[1]
    bound = np.sqrt(m * 2 * L * np.mean(np.sum(X**2, axis=1)))
    assert np.linalg.norm(stripes(net, X, y, loss)) <= bound * (1 + 1e-9)


def test_the_gauss_newton_part_of_the_squared_error_knows_no_residual(rng):
    """Whatever the labels, loss and stripes change, and it does not."""
    net = rh.Network.random([5, 4, 3], rng)
    X = rng.standard_normal((20, 5))
    parts = [[*both_parts(net, X, y, "mse")] for y in (net(X), net(X) + 7.0)]
    (H, G), (H_far, G_far) = parts
    np.testing.assert_array_equal(G.block(0, 1), G_far.block(0, 1))
    np.testing.assert_allclose(H.block(0, 1), G.block(0, 1), atol=EXACT)  # no loss: no stripes
    assert np.linalg.norm(H_far.block(0, 1) - G_far.block(0, 1)) > 1


# --- what remains: the alignment of tangent kernels ---------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("widths", [[4, 5, 3], [4, 3, 5, 3]])
def test_relative_norms_without_stripes_are_an_alignment_of_tangent_kernels(widths, loss, rng):
    """With ``Θ^l_nn' = J_nl J_n'lᵀ``, (C, C), and ``⟨Θ, Θ'⟩ = N⁻² Σ tr(A_n Θ_nn' A_n' Θ'_n'n)``,
    ``‖G_lm‖² = ⟨Θ^l, Θ^m⟩``: the norm over the geometric mean is the root of their cosine.
    """
    net = rh.Network.random(widths, rng)
    X = rng.standard_normal((6, 4))
    P = oracles.softmax(net(X))
    A = [np.diag(p) - np.outer(p, p) if loss == "ce" else np.eye(3) for p in P]
    J = []
    for x in X:
        B, z, _ = jacobians(net, x)
        J.append([np.kron(b, a) for b, a in zip(B, z, strict=True)])
    products = np.zeros((net.n_layers,) * 2)
    for l, m, n, o in np.ndindex(net.n_layers, net.n_layers, 6, 6):
        of_l, of_m = J[n][l] @ J[o][l].T, J[n][m] @ J[o][m].T
        products[l, m] += np.trace(A[n] @ of_l @ A[o] @ of_m.T) / 36
    G = rh.network_hessian(net, X, None, loss, part="gauss-newton")
    np.testing.assert_allclose(G.block_norms() ** 2, products, rtol=1e-9)
    norms = G.block_norms()
    cosine = products / np.sqrt(np.outer(products.diagonal(), products.diagonal()))
    geometric = np.sqrt(np.outer(norms.diagonal(), norms.diagonal()))
    np.testing.assert_allclose((norms / geometric) ** 2, cosine, rtol=1e-9)
    assert (cosine <= 1 + 1e-12).all()


def test_on_a_ray_of_separating_weights_stripes_fade_and_layers_stay_coupled(rng):
    """Weights t θ that fit all labels, t → ∞: the sample of smallest margin and its nearest class
    lead, ``r = ε u``, ``A = ε u uᵀ``, ``u = e_c - e_y``. The Hessian tends to ``ε g gᵀ``, g the
    gradient of that margin: stripes over the rest fall like t⁻², while the norm between the layers
    over the geometric mean tends to 1, its upper bound without stripes.
    """
    start = rh.Network.random([5, 6, 4], rng)
    X = rng.standard_normal((200, 5))
    f = np.sort(start(X), axis=1)
    X = X[np.argsort(f[:, -1] - f[:, -2])[-5:]]  # far from the border
    y = np.argmax(start(X), axis=1)
    others = start(X)[np.arange(5), y][:, None] - start(X)
    smallest, next_smallest = np.sort(others[others > 0])[:2]
    assert next_smallest > 1.01 * smallest
    found = []
    for t in np.sqrt(np.array([50.0, 100.0, 150.0]) / smallest):
        net = rh.Network([t * W for W in start.weights])
        H, G = both_parts(net, X, y, "ce")
        of_curvature = np.linalg.norm(G.block(0, 1))
        of_stripes = np.linalg.norm(H.block(0, 1) - G.block(0, 1))
        norms = H.block_norms()
        relative = norms[0, 1] / np.sqrt(norms[0, 0] * norms[1, 1])
        found.append((norms[0, 1], t**2 * of_stripes / of_curvature, relative))
    cross, scaled, relative = np.transpose(found)
    assert cross[-1] < 1e-40 * cross[0]
    assert scaled[1:] == pytest.approx(scaled[-1], rel=0.05)
    assert relative[-1] == pytest.approx(1, abs=1e-2)


# --- within the last layer ----------------------------------------------------------------------


@pytest.mark.parametrize("C", [2, 3, 10, 100])
@pytest.mark.parametrize("confidence", [30.0, 60.0])
def test_a_confident_sample_has_a_share_that_knows_its_competitors_only(C, confidence):
    """``p_y = 1 - ε`` and ε over m classes alike: off-diagonal share ``2/(m+3)`` for ε → 0,
    whatever C; one that knows nothing has ``1/C``.
    """
    for m in {1, C - 1}:
        f = np.full(C, -4 * confidence)
        f[0], f[1 : m + 1] = 0.0, -confidence
        H = rh.head_hessian(np.ones((1, 1)), f[:, None])
        assert H.off_diagonal_share() == pytest.approx(2 / (m + 3), rel=1e-10)
    uniform = rh.head_hessian(np.ones((1, 1)), np.zeros((C, 1)))
    assert uniform.off_diagonal_share() == pytest.approx(1 / C)
