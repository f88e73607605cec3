"""The law of a layer of a sample: which it is, how near, how far to trust it."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.compare import exchangeable_units
from rmt_hessian.compare.exchangeable_units import cells, exchangeable_weights, output_hessian_stack
from rmt_hessian.theory import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.matrix_free_convolution import MatrixFreeConvolution
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from tests.tolerances import EXACT, STATISTICAL

NAIVE = 0.08  # distance of laws that are wrong, at least
P = 100


def inputs(kind, rng, n=800):
    X = rng.standard_normal((n, P))
    return X * (np.sqrt(np.where(np.arange(P) % 2, 5.0, 1.0)) if kind == "measured" else 1.7)


def small(n_classes, rng):
    return rh.Network([rng.standard_normal((n_classes, P)) / np.sqrt(3 * P)])


LAYERS = {
    "softmax": lambda X, rng: rh.layer_hessian(small(4, rng), X, 0, "ce"),
    "many classes": lambda X, rng: rh.layer_hessian(small(20, rng), X, 0, "ce"),
    "a temperature": lambda X, rng: rh.head_hessian(X, small(20, rng).weights[0], temperature=2.0),
    "weights of samples": lambda X, rng: rh.head_hessian(
        X, small(20, rng).weights[0], sample_weight=rng.uniform(0.1, 3, len(X))
    ),
    "some of them": lambda X, rng: rh.layer_hessian(small(20, rng), X, 0, "ce").restrict([3, 0, 7]),
    "hidden": lambda X, rng: rh.layer_hessian(rh.Network.random([P, 6, 5], rng), X, 0, "ce"),
    "both signs": lambda X, rng: rh.layer_hessian(
        rh.Network.random([P, 4, 3], rng, activation="tanh"), X, 0, "ce", y=np.arange(len(X)) % 3
    ),
    "gradients": lambda X, rng: rh.layer_gradient_covariance(
        small(20, rng), X, 0, "ce", y=np.arange(len(X)) % 20
    ),
}
MATRIX = {"white": MatrixLayerLaw, "measured": MatrixFreeConvolution}
SCALAR = {"white": GeneralizedMarchenkoPastur, "measured": FreeConvolution}


@pytest.mark.parametrize("features", ["white", "measured"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_at_initialisation(name, features, rng):
    H = LAYERS[name](inputs(features, rng), rng)
    law, values = rh.law_of_layer(H), rh.eigenvalues(H)
    assert law.features == features
    assert law.units == ("given" if H.n_blocks <= 16 else "exchangeable")
    assert isinstance(law.law, (MATRIX if law.units == "given" else SCALAR)[features])
    distance = rh.ks_distance(values, law)
    assert distance < 2 / P
    assert distance <= law.error + EXACT
    assert law.error < 3 * STATISTICAL
    assert law.error == law.dependence + law.misfit
    assert law.mean() == pytest.approx(values.mean(), rel=0.1)
    if features == "measured":
        white = rh.law_of_layer(H, covariance="white")
        assert white.features == "white"
        assert rh.ks_distance(values, white) > NAIVE
        assert white.misfit > NAIVE  # and it says so


def test_units_that_are_not_exchangeable_are_told(rng):
    """Hidden units of unequal sizes: the scalar equation misses, the matrices' does not."""
    net = rh.Network.random([P, 20, 5], rng)
    net = rh.Network([net.weights[0], net.weights[1] * np.geomspace(0.1, 3, 20)])
    H = rh.layer_hessian(net, inputs("measured", rng), 0, "ce")
    law = rh.law_of_layer(H)
    distance = rh.ks_distance(rh.eigenvalues(H), law)
    assert law.units == "exchangeable"
    assert NAIVE < distance <= law.error < distance + 2 * STATISTICAL
    assert law.dependence < STATISTICAL < NAIVE < law.misfit
    part = H.restrict(slice(0, 20, 4))
    law = rh.law_of_layer(part)
    assert law.units == "given"
    assert rh.ks_distance(rh.eigenvalues(part), law) < STATISTICAL


@pytest.mark.parametrize("layer", [0, 1])
def test_trained_on_digits(layer):
    X, y = (values[:500] for values in rh.digits())
    start = rh.Network.random([X.shape[1], 8, 10], 0, init="he")
    net = rh.train(start, X, y, "ce", optimiser="adam", steps=300, learning_rate=0.01).network
    H = rh.layer_hessian(net, X, layer, "ce", y=y)
    law, values = rh.law_of_layer(H), rh.eigenvalues(H)
    distance = rh.ks_distance(values, law)
    assert (law.features, law.units) == ("measured", "given")
    assert distance <= law.error < 0.3
    if layer == 0:  # weights of the last one depend on the features, and no law is near
        white = rh.law_of_layer(H, covariance="white")
        assert 2 * distance < rh.ks_distance(values, white)
        assert law.error < white.error


@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_features_with_a_mean_and_confident_heads(mean):
    """Their mean is a spike far out; output Hessians span ten decades in some directions."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        Z, W = rng.standard_normal((400, 12)) + mean, rng.standard_normal((3, 12))
        H = rh.head_hessian(Z, W)
        law = rh.law_of_layer(H)
        assert rh.ks_distance(rh.eigenvalues(H), law) <= law.error < 0.2
        assert law.mean() == pytest.approx(mean_of(H), rel=1e-8)


def mean_of(H):
    """The mean eigenvalue, were output Hessians independent of the features."""
    M = output_hessian_stack(H).mean(axis=0)
    return np.trace(M) / len(M) * np.mean(H.features**2)


def beyond_the_equation():
    """Output Hessians over 60 decades, features whose spectrum has a spike."""
    rng = np.random.default_rng(4)
    X = rng.standard_normal((400, 12)) + 3
    net = rh.Network([rng.standard_normal((4, 12)), 5 * rng.standard_normal((2, 4))])
    return rh.layer_hessian(net, X, 0, "ce", part="gauss-newton")


def test_units_that_are_taken_for_exchangeable():
    H = beyond_the_equation()
    law = rh.law_of_layer(H, units="exchangeable")
    assert law.units == "exchangeable"
    assert rh.ks_distance(rh.eigenvalues(H), law) <= law.error
    assert law.mean() == pytest.approx(mean_of(H), rel=1e-6)


def test_an_equation_that_is_not_solved_says_what_may_be(monkeypatch, rng):
    def unsolved(*arguments):
        raise RuntimeError("the matrix equation is not solved at z = 1")

    monkeypatch.setattr("rmt_hessian.compare.given_layer.MatrixFreeConvolution", unsolved)
    H = LAYERS["softmax"](inputs("measured", rng), rng)
    with pytest.raises(
        RuntimeError, match=r"not solved .*units=\"exchangeable\"\) or law_of_block"
    ):
        rh.law_of_layer(H)
    assert rh.law_of_layer(H, units="exchangeable").error < 0.1


@pytest.mark.parametrize("scale", [1e-115, 1e75])
def test_weights_of_any_size(scale, rng):
    """Squares of output Hessians may be no numbers."""
    Z, first, last = inputs("white", rng, 60), *(rng.standard_normal(n) for n in ((3, P), (4, 3)))
    layers = (rh.layer_hessian(rh.Network([first, s * last]), Z, 0, "mse") for s in (1.0, scale))
    plain, scaled = (exchangeable_weights(H) for H in layers)
    np.testing.assert_allclose(np.sort(scaled[0]) / scale**2, np.sort(plain[0]), rtol=0.01)
    assert plain[2] == scaled[2] == 0.0


def test_single_precision(rng):
    X, net = inputs("measured", rng), small(4, rng)
    single, double = (rh.law_of_layer(rh.layer_hessian(net, X, 0, "ce", dtype=t)) for t in "fd")
    assert single.atom_at_zero == pytest.approx(0.25, abs=1e-6)
    x = double.ppf([0.4, 0.6, 0.9])
    np.testing.assert_allclose(single.cdf(x), double.cdf(x), atol=1e-4)


def test_a_large_head_has_a_law_and_no_error(rng):
    Z = rng.standard_normal((300, 40)) * np.linspace(0.3, 2, 40)
    H = rh.head_hessian(Z, rng.standard_normal((400, 40)) / 10)
    law = rh.law_of_layer(H)
    assert law.units == "exchangeable"
    assert law.atom_at_zero == pytest.approx(1 / 400)
    assert np.isnan([law.error, law.dependence, law.misfit]).all()
    assert law.mean() * 400 * 40 == pytest.approx(H.trace(), rel=0.02)


def test_of_nothing():
    H = rh.head_hessian(np.zeros((20, 3)), np.zeros((2, 3)))
    law = rh.law_of_layer(H)
    assert (law.atom_at_zero, law.error) == (1.0, 0.0)


def test_bad_arguments(rng):
    with pytest.raises(ValueError, match="H must be a LayerHessian"):
        rh.law_of_layer(np.eye(3))
    H = rh.head_hessian(np.ones((4, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="covariance must be one of 'white'"):
        rh.law_of_layer(H, covariance=np.ones(2))


# --- exchangeable units -------------------------------------------------------------------------


def test_output_hessians_are_entries(rng, monkeypatch):
    H = LAYERS["hidden"](inputs("white", rng, 30), rng)
    expected = np.empty((30, 6, 6))
    for i in range(6):
        for j in range(6):
            expected[:, i, j] = H.block_weights(i, j)
    np.testing.assert_allclose(output_hessian_stack(H), expected, atol=EXACT)


@pytest.mark.parametrize("name", ["many classes", "a temperature", "weights of samples"])
def test_eigenvalues_of_a_softmax_are_counted(name, rng):
    """Against LAPACK's, to a cell; the mean is that of ``tr A_n``."""
    H = LAYERS[name](inputs("white", rng, 50), rng)
    values, masses, share = exchangeable_weights(H)
    assert share == 1 / 20
    exact = np.sort(np.linalg.eigvalsh(output_hessian_stack(H))[:, 1:], axis=None)
    F = np.cumsum(masses)
    step = 2 * (0.02 + exchangeable_units.STEP)
    for shift in (-step, step):
        counted = np.searchsorted(exact, values * np.exp(shift)) / exact.size
        assert ((counted - F) * np.sign(shift) > -1e-9 - masses * (shift < 0)).all()
    assert masses @ values == pytest.approx(exact.mean(), rel=0.02)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_null_space_that_units_share(activation, rng):
    """A unit that nothing reads; of tanh the rest has eigenvalues of both signs."""
    net = rh.Network.random([P, 20, 3], rng, activation=activation)
    V = net.weights[1].copy()
    V[:, 4] = 0.0
    net, X = rh.Network([net.weights[0], V], activation=activation), inputs("measured", rng)
    H = rh.layer_hessian(net, X, 0, "mse", y=rng.standard_normal((len(X), 3)))
    values, masses, share = exchangeable_weights(H)
    assert share == 1 / 20
    assert masses.sum() == pytest.approx(1)
    exact = np.linalg.eigvalsh(output_hessian_stack(H))
    assert masses @ values == pytest.approx(exact.sum() / 19 / len(exact), rel=1e-9)


def test_cells_keep_mass_and_mean(rng):
    x = np.concatenate([rng.lognormal(0, 2, 5000), -rng.lognormal(0, 1, 3000), np.zeros(7)])
    w = rng.dirichlet(np.ones(x.size))
    values, masses = cells(x, w)
    assert values.size < x.size / 3
    assert masses.sum() == pytest.approx(1)
    assert masses @ values == pytest.approx(w @ x)
    assert masses @ np.abs(values) == pytest.approx(w @ np.abs(x))
    assert masses[values == 0] == pytest.approx(w[-7:].sum())
    np.testing.assert_allclose(masses @ values**2, w @ x**2, rtol=1e-4)


@pytest.mark.parametrize("scale", [5, 20, 100])
def test_confident_heads(scale, rng):
    """Probabilities that are exactly 1: no eigenvalue is lost, masses sum to 1."""
    Z = rng.standard_normal((300, 20)) * np.linspace(0.3, 2, 20)
    H = rh.head_hessian(Z, scale * rng.standard_normal((20, 20)) / np.sqrt(20))
    values, masses, _ = exchangeable_weights(H)
    assert masses.sum() == pytest.approx(1, abs=1e-9)
    assert values.max() <= 0.5
    exact = np.linalg.eigvalsh(output_hessian_stack(H))[:, 1:]
    assert masses @ values == pytest.approx(exact.mean(), rel=0.02)
    law = rh.law_of_layer(H)
    assert rh.ks_distance(rh.eigenvalues(H), law) <= law.error + EXACT


def test_features_of_any_size(rng):
    X, net = rng.standard_normal((200, 40)), rh.Network([rng.standard_normal((3, 40)) / 7])
    plain = rh.law_of_layer(rh.layer_hessian(net, X, 0, "ce"))
    H = rh.head_hessian(X * 2.0**-400, logits=X @ net.weights[0].T)
    law = rh.law_of_layer(H)
    assert law.features == plain.features == "white"
    assert law.ppf(0.7) == pytest.approx(2.0**-800 * plain.ppf(0.7))
