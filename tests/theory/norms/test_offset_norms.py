"""Expected block norms of classes with offsets against simulation, and their limits by Zipf."""

from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble, draw
from rmt_hessian.theory import (
    block_norm_from_weights,
    block_norm_limits,
    block_norms,
    weight_law,
)
from rmt_hessian.theory.norms.class_power import ClassPower
from rmt_hessian.theory.norms.sample_pairs import offset_products
from rmt_hessian.theory.norms.zipf import zipf_norm_limits
from tests.theory.offsets import Moments, zipf

B = np.array([1.5, -2.0, 0.3, -0.4])


@pytest.mark.parametrize(
    ("widths", "layer", "init"),
    [([3, 4], 0, "lecun"), ([3, 2], 0, "he"), ([4, 5, 4], 1, "lecun"), ([4, 5, 4], 0, "lecun")],
)
def test_exact_at_any_size(widths, layer, init, rng):
    """N = 2, 6000 networks: single blocks and means over all, within four standard errors of both
    sides; of the output layer, whose tails are heavy, blocks only on the diagonal."""
    biases = [*[None] * (len(widths) - 2), B[: widths[-1]]]
    ens = Ensemble(widths, layer, "ce", 2, init=init, biases=biases)
    squares = np.array([draw(ens, rng).block_norms() ** 2 for _ in range(6000)])
    k = squares.shape[1]
    means = np.einsum("nii->n", squares) / k
    others = (squares.sum(axis=(1, 2)) - k * means) / (k * (k - 1))
    cases = [(None, means, others)]
    if ens.is_last:
        cases += [((i, j), squares[:, i, i], squares[:, i, j]) for i, j in ((0, 1), (1, 0))]
    for units, diagonal, off_diagonal in cases:
        norms = block_norms(ens, units=units, n_draws=10_000)
        for value, its_error, drawn in (
            (norms.diagonal, norms.diagonal_error, diagonal),
            (norms.off_diagonal, norms.off_diagonal_error, off_diagonal),
        )[: 1 if len(widths) == 3 and ens.is_last else 2]:
            error = np.hypot(its_error, drawn.std() / np.sqrt(drawn.size))
            assert abs(value - drawn.mean()) < 4 * error


def test_products_of_two_classes_against_plain_draws(rng):
    """One Gram matrix; the tilted mixture is unbiased and, for rare classes, far less noisy."""
    gram = tuple(np.full(4000, t) for t in (1.1, 0.8, 0.6))
    b = np.array([0.0, -4.0, 1.0, 0.5])
    product = offset_products(gram, b, (1, 0), 1.0, rng)
    s, t = rng.standard_normal((2, 400_000, 4))
    p, q = (
        np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
        for f in (np.sqrt(1.1) * s + b, np.sqrt(0.8) * (0.6 * s + 0.8 * t) + b)
    )
    plain = (
        p[:, 1] * (1 - p[:, 1]) * q[:, 1] * (1 - q[:, 1]),
        p[:, 1] * p[:, 0] * q[:, 1] * q[:, 0],
    )
    for tilted, drawn in zip(product, plain, strict=True):
        error = np.hypot(tilted.std() / np.sqrt(tilted.size), drawn.std() / np.sqrt(drawn.size))
        assert abs(tilted.mean() - drawn.mean()) < 4 * error
        assert tilted.std() / tilted.mean() < drawn.std() / drawn.mean() / 3


@pytest.mark.parametrize("pair", [(2, 200), (200, 2)])
def test_products_of_two_classes_by_laplace_transforms(pair, rng):
    """Of one sample, and of two orthogonal ones, whose products have independent factors; within
    four standard errors of 10,000 draws, below 1 % each: tilted, a rare class is not noisy."""
    i, b = pair[0], zipf(300, 1.0)
    for a in (1.0, 1.6):
        moments = Moments(b, np.sqrt(a))
        diagonal, off_diagonal = (moments.of_weights(i, k) for k in pair)
        for cosine, expected in (
            (1.0, (diagonal[1], off_diagonal[1])),
            (0.0, (diagonal[0] ** 2, off_diagonal[0] ** 2)),
        ):
            gram = tuple(np.full(10_000, t) for t in (a, a, cosine))
            for drawn, value in zip(
                offset_products(gram, b, pair, 1.0, rng), expected, strict=True
            ):
                error = drawn.std() / np.sqrt(drawn.size)
                assert error < 0.01 * value
                assert abs(drawn.mean() - value) < 4 * error


@pytest.mark.parametrize("units", [(0, 2), (2, 700), (700, 0)])
def test_the_proportional_limit_is_the_weight_law(units):
    """Large d at fixed γ, four standard errors and O(1/d)."""
    d, gamma = 20_000, 0.5
    ens = Ensemble([d, 1000], 0, "ce", int(d / gamma), biases=[zipf(1000, 1.0)])
    norms = block_norms(ens, units=units, n_draws=1024)
    i, j = units
    for pair, value, error in (
        ((i, i), norms.diagonal, norms.diagonal_error),
        ((i, j), norms.off_diagonal, norms.off_diagonal_error),
    ):
        limit = block_norm_from_weights(weight_law(ens, *pair), gamma)
        assert abs(value / d - limit) < 4 * error / d + 20 / d * limit


def test_the_mean_over_classes_is_that_of_the_units():
    ens = Ensemble([12, 4], 0, "ce", 30, biases=[B])
    norms = block_norms(ens, n_draws=40_000)
    pairs = [(i, j) for i in range(4) for j in range(4) if i != j]
    off = [block_norms(ens, units=pair, n_draws=2000) for pair in pairs]
    each = off[::3]
    error = np.hypot(norms.diagonal_error, np.mean([n.diagonal_error for n in each]))
    assert abs(np.mean([n.diagonal for n in each]) - norms.diagonal) < 4 * error
    error = np.hypot(norms.off_diagonal_error, np.mean([n.off_diagonal_error for n in off]))
    assert abs(np.mean([n.off_diagonal for n in off]) - norms.off_diagonal) < 4 * error


def test_units_without_offsets_are_alike():
    ens = Ensemble([5, 3], 0, "ce", 9)
    of_two, of_all = block_norms(ens, units=(2, 0), n_draws=100), block_norms(ens, n_draws=100)
    assert of_two == replace(of_all, n_units=None)
    squared = Ensemble([5, 3], 0, "mse", 9, biases=[[1.0, 0.0, 3.0]])
    of_two, of_all = block_norms(squared, units=(0, 1)), block_norms(replace(squared, biases=None))
    assert of_two == replace(of_all, n_units=None)


@pytest.mark.parametrize(
    ("units", "error", "message"),
    [
        ((0, 0), ValueError, "units must be different, got 0 twice"),
        ((0, -3), ValueError, "units must be different, got 0 twice"),
        ((0,), ValueError, "units must be two, got 1"),
        (3, ValueError, "units must be a sequence of two units, got 3"),
        ((0, 3), IndexError, "j must lie in 0 … 2, got 3"),
    ],
)
def test_units_that_are_none(units, error, message):
    with pytest.raises(error, match=message):
        block_norms(Ensemble([5, 3], 0, "ce", 9), units=units)


# --- limits ---------------------------------------------------------------------------------------

LINEAR = Ensemble([60, 2], 0, "ce", 240)


def kinds(classes):
    """Both arguments, of classes of fixed rank, int, and of shares of C, float."""
    return {
        name: [c if isinstance(c, kind) else None for c in classes]
        for name, kind in (("units", int), ("ranks", float))
    }


@pytest.mark.parametrize(
    "classes",
    [{}, {"units": (0, 1)}, {"ranks": (0.5, 0.2)}, {"units": (3, None), "ranks": (None, 1.0)}],
)
def test_equal_offsets_have_the_limits_of_none(classes):
    limits, known = zipf_norm_limits(LINEAR, 0, **classes), block_norm_limits(LINEAR)
    assert limits.diagonal == ClassPower(known.diagonal, 2.0)
    assert limits.off_diagonal == ClassPower(known.off_diagonal, 4.0)
    assert limits.ratio.constant == pytest.approx(known.ratio.constant)
    assert (limits.ratio.exponent, limits.ratio.log_exponent) == (2.0, 0.0)


@pytest.mark.parametrize("s", [0.1, 0.25, 0.5, 0.75, 1.0])
def test_shares_of_the_classes(s):
    """Constants, exponents and logarithms against the sums over 10^5 and 4·10^6 classes.

    Relative corrections are ``C^{-min(s, 1-s, |1-2s|)}`` or 1/log C: what is left of a power of C
    between both sizes is compared.
    """
    unit = zipf_norm_limits(LINEAR, 0)
    cases = {None: None, (0, 2): None, (2, 0.5): None, (0.5, 0.25): None}
    for units in cases:
        limits = zipf_norm_limits(LINEAR, s, **({} if units is None else kinds(units)))
        off = []
        for C in (10**5, 4 * 10**6):
            pi = np.exp(zipf(C, s))
            pi /= pi.sum()
            i, j = (
                (0, 0)
                if units is None
                else (u if isinstance(u, int) else int(u * C) - 1 for u in units)
            )
            squares = (pi**2).sum()
            diagonal = squares / C if units is None else pi[i] ** 2
            both = (squares**2 - (pi**4).sum()) / C**2 if units is None else (pi[i] * pi[j]) ** 2
            off.append(
                [
                    diagonal * unit.diagonal.constant / limits.diagonal.at(C),
                    both * unit.off_diagonal.constant / limits.off_diagonal.at(C),
                ]
            )
        first, last = np.abs(np.log(off))
        assert (last < 0.35).all()
        assert (last <= 0.93 * first + 1e-3).all()


@pytest.mark.parametrize("s", [0.25, 0.5])
@pytest.mark.parametrize("units", [(0, 2), (2, 0.5), (0.5, 0.25)])
def test_limits_of_the_blocks_of_many_classes(s, units):
    """d, N → ∞ at C = 10^5, where the error is of the order π_i and ``C^{-s}``, ``C^{s-1}``."""
    C = 10**5
    limits = zipf_norm_limits(LINEAR, s, **kinds(units), infinite_inputs=True)
    i, j = (u if isinstance(u, int) else int(u * C) - 1 for u in units)
    ens = Ensemble([60, C], 0, "ce", 240, biases=[zipf(C, s)])
    for pair, limit in (((i, i), limits.diagonal), ((i, j), limits.off_diagonal)):
        norm = block_norm_from_weights(weight_law(ens, *pair), 0.25)
        assert norm == pytest.approx(limit.at(C), rel=0.04)


def test_beyond_one_classes_keep_their_norms():
    """s = 1.5, from 10^3 to 10^5 classes: constants for fixed ranks, ``C^{-2s}`` for rank C/2.

    At 10^3 the normaliser lacks ``2 C^{-1/2}/ζ(s)`` = 2.4 %; to the second and fourth power, over
    log 100, that is an exponent of 0.011 and 0.021.
    """
    norms = []
    for C in (10**3, 10**5):
        ens = Ensemble([60, C], 0, "ce", 240, biases=[zipf(C, 1.5)])
        pairs = ((0, 0), (0, 2), (0, C // 2 - 1))
        norms.append([block_norm_from_weights(weight_law(ens, *pair), 0.25) for pair in pairs])
    fixed, pair, rare = np.log(np.divide(*norms)) / np.log(100)
    assert abs(fixed) < 0.015
    assert abs(pair) < 0.025
    assert rare == pytest.approx(3.0, abs=0.025)


def test_powers_of_the_number_of_classes():
    power = ClassPower(6.0, 2.0, -1.0)
    assert (power * power) == ClassPower(36.0, 4.0, -2.0)
    assert power / ClassPower(2.0, 0.5) == ClassPower(3.0, 1.5, -1.0)
    assert power.at(10) == pytest.approx(0.06 * np.log(10))
    assert ClassPower(2.0, 0.5) / power == ClassPower(1 / 3, -1.5, 1.0)
    assert ClassPower(6.0, 2.0, 2.0).at(10) == pytest.approx(0.06 / np.log(10) ** 2)
    with pytest.raises(ValueError, match="n_classes must be at least 2, got 1"):
        power.at(1)
    assert tuple(ClassPower(2.0, 0.5)) == (2.0, 0.5)
    with pytest.raises(ValueError, match="log_exponent must be 0 of a pair"):
        tuple(power)


@pytest.mark.parametrize(
    ("exponent", "classes", "message"),
    [
        (1.5, {}, r"exponent must lie in \[0, 1\], got 1.5"),
        ("1", {}, "exponent must be a number, got '1'"),
        (0.5, {"units": (2, 2)}, "units must be different, got 2 twice"),
        (0.5, {"units": (2, -1)}, "units must be at least 0, got -1"),
        (0.5, {"units": (2, 1.0)}, "units must be an integer, got 1.0"),
        (0.5, {"ranks": (0.5, 0.0)}, "ranks must be positive and finite, got 0"),
        (0.5, {"ranks": (0.5, 2)}, r"ranks must be shares of C, in \(0, 1\], got \(0.5, 2\)"),
        (0.5, {"units": (1, 2, 3)}, "units must be two, got 3"),
        (0.5, {"units": (1, None)}, "units and ranks must name the second class once"),
        (0.5, {"units": (1, 2), "ranks": (0.5, None)}, "must name the first class once"),
    ],
)
def test_what_has_no_limits(exponent, classes, message):
    with pytest.raises(ValueError, match=message):
        zipf_norm_limits(LINEAR, exponent, **classes)


def test_limits_are_of_the_last_layer_with_cross_entropy():
    for ens in (Ensemble([60, 2], 0, "mse", 240), Ensemble([60, 40, 2], 0, "ce", 240)):
        with pytest.raises(ValueError, match="ens must be of the last layer and loss 'ce'"):
            zipf_norm_limits(ens, 0.5)
    assert zipf_norm_limits(Ensemble([99, 80, 2], 1, "ce", 240), 1.0).ratio.exponent == 1.0
