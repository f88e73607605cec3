"""Kernels say the same compiled and as Python runs them, wherever the package calls them."""

import sys
from functools import partial

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.hessian import kernels
from rmt_hessian.theory import GeneralizedMarchenkoPastur, SeparableLaw
from rmt_hessian.theory.laws.continuous_mp import ContinuousMarchenkoPastur
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.separable import ContinuousSeparableLaw
from rmt_hessian.theory.laws.weight_density import WeightDensity
from rmt_hessian.theory.weights import softmax_kernels
from tests.interpreted import KERNELS, interpreted

ROUNDING = 1e-9  # relative: order of sums, and what comes of it at edges


def two_panels(sign):
    """Weights with a density on [0.5, 1.5] and, of sign -1, on [-1, -0.4] too."""
    panels = [[-1.0, -0.4], [0.5, 1.5]][sign > 0 :]
    length = sum(hi - lo for lo, hi in panels)
    return WeightDensity(np.array(panels), np.full((len(panels), 8), 1 / length))


def matrices(rng, signs):
    A = rng.standard_normal((8, 3, 3))
    return A @ A.transpose(0, 2, 1) if signs == 1 else A + A.transpose(0, 2, 1) + np.eye(3)


E3, P3 = np.array([0.5, 1.0, 2.0]), np.full(3, 1 / 3)
LAWS = {
    "few weights": lambda rng: GeneralizedMarchenkoPastur([1.0, -0.8], [0.5, 0.5], 0.7),
    "an atom": lambda rng: GeneralizedMarchenkoPastur([1.0, 3.0], [0.5, 0.5], 3.0),
    "an atom between": lambda rng: GeneralizedMarchenkoPastur([1.0, -0.8], [0.5, 0.5], 3.0),
    "a small aspect ratio": lambda rng: GeneralizedMarchenkoPastur([1.0, 1.5, 9.0], P3, 1e-3),
    "a hard edge": lambda rng: GeneralizedMarchenkoPastur([1.0, 2.0], [0.5, 0.5], 1.0),
    "many weights": lambda rng: GeneralizedMarchenkoPastur(
        rng.normal(1, 1, 9), np.full(9, 1 / 9), 0.4
    ),
    "a density": lambda rng: ContinuousMarchenkoPastur(two_panels(1), 0.3),
    "a density of both signs": lambda rng: ContinuousMarchenkoPastur(two_panels(-1), 2.0),
    "covariance": lambda rng: SeparableLaw([1.0, -0.5], [0.5, 0.5], E3, P3, 0.4),
    "covariance and a density": lambda rng: ContinuousSeparableLaw(two_panels(1), E3, P3, 0.4),
    "measured features": lambda rng: FreeConvolution([1.0, 2.0, 4.0], P3, E3, P3, 0.4),
    "a layer": lambda rng: MatrixLayerLaw(matrices(rng, 1), 0.5),
    "a layer of both signs": lambda rng: MatrixLayerLaw(matrices(rng, -1), 0.5),
}


def laws(name):
    """The law as it says what it is, at points in it, in gaps and outside."""
    law = LAWS[name](np.random.default_rng(3))
    lo, hi = law.support()
    q = np.array([0.02, 0.3, 0.5, 0.9, 0.999])
    x = np.linspace(lo - 0.2, hi + 0.2, 11)
    z = np.array([0.3 + 0.2j, -2.0 + 0.01j, 4.0 - 1.0j, 50.0, -50.0])
    found = [law.ppf(q), law.cdf(x), law.pdf(x), law.stieltjes(z), law.components()]
    if hasattr(law, "log_potential"):
        found += [law.log_potential(z), law.log_potential(x)]
    return [*found, law.stieltjes(x + 1e-6j)]


def small_hessians():
    """Every layer, loss and part of a few small networks."""
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((7, 4)), np.array([0, 1, 2, 0, 1, 2, 2])
    found = []
    for activation in ("relu", "tanh"):
        net = rh.Network.random([4, 5, 3], rng, activation=activation)
        for loss in ("ce", "mse"):
            for layer in (0, 1):
                H = rh.layer_hessian(net, X, layer, loss, y=y)
                found += [H.to_dense(), H.block(0, 1), H.output_hessian(), H.block_norms()]
                found += [H @ np.arange(H.shape[0]), [*H.mean_squared_block_norms()]]
            W = rh.network_hessian(net, X, y, loss)
            found += [W.to_dense(), W @ np.arange(W.shape[0])]
        found.append(rh.train(net, X, y, "ce", steps=3).losses)
    return found


def predictions():
    """What theory computes with a softmax of random weights."""
    shapes = [([6, 3], 0), ([6, 4, 3], 0), ([6, 4, 3], 1)]
    cases = [rh.Ensemble(w, l, loss, n_samples=12) for w, l in shapes for loss in ("ce", "mse")]
    return [[*rh.theory.block_norms(ens)] for ens in cases]


def pair_sums():
    f = 3 * np.random.default_rng(4).standard_normal((2, 5, 3))
    p = np.sort(softmax_kernels.softmax(f[0]), axis=1)
    x = np.array([1e-3, 0.05, 0.2, 0.7])
    counts = softmax_kernels.count_curvature_eigenvalues(p, x)
    corrections = kernels.correction_sums(p, f[1], 0.5, 0.1, np.arange(5.0))
    return softmax_kernels.softmax_pair_sums(*f), p, counts, corrections


WORK = {
    **{f"law: {name}": partial(laws, name) for name in LAWS},
    "Hessians": small_hessians,
    "predictions": predictions,
    "pair sums": pair_sums,
}


def assert_same(one, other):
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
        return
    a, b = (np.asarray(values) for values in (one, other))
    assert a.shape == b.shape
    finite = np.isfinite(a)
    np.testing.assert_array_equal(finite, np.isfinite(b))
    size = np.abs(a[finite]).max(initial=0.0)
    np.testing.assert_allclose(b[finite], a[finite], rtol=ROUNDING, atol=ROUNDING * size)


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_compiled_and_interpreted(work):
    compiled = work()
    with interpreted():
        assert_same(compiled, work())


def test_every_kernel_is_replaced_and_put_back():
    before = kernels.apply_slopes
    with interpreted():
        for name in KERNELS:
            assert not any(hasattr(value, "py_func") for value in vars(sys.modules[name]).values())
        assert rh.hessian.residual.apply_slopes is kernels.apply_slopes is not before
    assert kernels.apply_slopes is before
