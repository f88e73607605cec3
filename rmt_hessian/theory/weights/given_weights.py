"""Output Hessians and block weights of given networks, at Sobol' points of the features' span.

Weights λ and output Hessians M depend on the features only through r directions. With Gaussian
features and coordinates ``u ~ N(0, I_r)`` in an orthonormal basis of that span, the pre-activations
are ``g = u R``, ``RᵀR = W Wᵀ``; equal masses on scrambled Sobol' points in u give the law of λ and
every mixed moment with u, which is what outliers need. Blocks of points are scrambled
independently, so that their spread is an honest standard error.

Of a Gaussian mixture the span has the class means too, and ``u ~ N(r_y, I)`` about the coordinates
of the mean of a random class y. Means that are not given are orthogonal to the weights: those of a
random frame are, in the limit.

References
----------
``docs/laws.md`` §5; a mixture: ``docs/trained.md`` §8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtri

from rmt_hessian._checks.weights import refuse_zero_rows
from rmt_hessian._random import random_generator
from rmt_hessian._types import BoolArray, FloatArray, IntArray, RandomState
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.initialisation import init_gain
from rmt_hessian.mixture import Mixture
from rmt_hessian.theory.coverage import class_offsets, weights_above
from rmt_hessian.theory.relu.arc_cosine import both_active_of
from rmt_hessian.theory.weights.softmax_kernels import softmax

RANK = 1e-12  # singular value, relative, that counts as 0
BLOCKS, LOG2_POINTS = 8, 8  # blocks of 256 points, scrambled independently


def gaussian_points(
    dimension: int, rng: RandomState, blocks: int = BLOCKS, log2_points: int = LOG2_POINTS
) -> Iterator[FloatArray]:
    """Yield blocks of standard Gaussian points u, each (2^log2_points, dimension)."""
    for t in _uniform_points(dimension, rng, blocks, log2_points):
        yield ndtri(t)


def _uniform_points(
    dimension: int, rng: RandomState, blocks: int, log2_points: int
) -> Iterator[FloatArray]:
    from scipy.stats import qmc  # a second to import, and few need it

    if dimension > qmc.Sobol.MAXDIM:
        raise ValueError(f"at most {qmc.Sobol.MAXDIM} directions can be sampled, got {dimension}")
    rng = random_generator(rng)
    for _ in range(blocks):
        yield np.clip(qmc.Sobol(dimension, rng=rng).random_base2(log2_points), 1e-16, 1 - 1e-16)


def active_points(
    factor: FloatArray,
    i: int,
    j: int,
    rng: RandomState,
    blocks: int = BLOCKS,
    log2_points: int = LOG2_POINTS,
) -> Iterator[FloatArray]:
    """Yield blocks of Gaussian points u with ``g_i > 0`` and ``g_j > 0``, ``g = u R``.

    In the plane of columns i and j of R these are a sector of angle ``2π P(both active)``: its
    angle is uniform, its squared radius exponential. On the diagonal the coordinate along column i
    is half normal. So no point is lost, however small the sector.
    """
    first, second = factor[:, i], factor[:, j]
    columns = [first] if i == j else [first, second]
    n = min(len(columns), len(first))
    basis, triangle = np.linalg.qr(np.column_stack(columns[:n]), mode="complete")
    basis[:, :n] *= np.where(np.diag(triangle[:n]) < 0, -1.0, 1.0)  # each along its column
    sector = 2 * np.pi * active_probability(factor, i, j)
    for t in _uniform_points(len(first), rng, blocks, log2_points):
        coordinates = ndtri(t)
        if n == 1:
            coordinates[:, 0] = -ndtri(t[:, 0] / 2)
        else:
            radius, angle = np.sqrt(-2.0 * np.log(t[:, 0])), np.pi / 2 - sector * (1 - t[:, 1])
            coordinates[:, 0], coordinates[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
        yield coordinates @ basis.T


def active_probability(factor: FloatArray, i: int, j: int) -> float:
    """``P(g_i > 0, g_j > 0)`` for ``g = u R``, ½ on the diagonal."""
    return 0.5 if i == j else both_active_of(factor[:, i], factor[:, j])


def _span(ens: Ensemble) -> tuple[FloatArray, ...]:
    """``R``, the coordinates of class means, frequencies, and a basis of the span of the means."""
    first = ens.weights[0]
    if not isinstance(ens.inputs, Mixture):
        if first is None:
            factor = np.sqrt(init_gain(ens.init)) * np.eye(ens.widths[1])
        else:
            factor = np.asarray(np.linalg.qr(first.T, mode="r"))
        r = len(factor)
        return factor, np.zeros((1, r)), np.ones(1), np.empty((r, 0))
    mixture, K = ens.inputs, ens.n_classes
    if mixture.means is None:
        rows = np.asarray(np.linalg.qr(first.T, mode="r")).T
        values, vectors = np.linalg.eigh(mixture.means_gram(K))
        across = vectors * np.sqrt(np.maximum(values, 0.0))
        means = np.concatenate([np.zeros((K, rows.shape[1])), across], axis=1)
        rows = np.concatenate([rows, np.zeros((len(rows), K))], axis=1)
    else:
        rows, means = first, np.asarray(mixture.means)
    basis = _basis(np.concatenate([rows, means]), fewest=1)
    centres = mixture.separation * means @ basis
    return (rows @ basis).T, centres, mixture.probabilities(K), _basis(means @ basis)


def _basis(rows: FloatArray, fewest: int = 0) -> FloatArray:
    """Orthonormal basis of the span of rows, as columns, however short some rows are."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    directions, sizes, _ = np.linalg.svd(rows.T, full_matrices=False)
    rank = max(int((sizes > RANK * sizes[0]).sum()), fewest)
    return np.asarray(directions[:, :rank])


@dataclass(frozen=True)
class GivenWeights:
    """One layer of a network whose weights are known, in terms of u.

    Attributes
    ----------
    loss : {"ce", "mse"}
    factor : numpy.ndarray, shape (r, width)
        R: ``g = u R`` are the pre-activations of the first layer.
    centres : numpy.ndarray, shape (K, r)
        Coordinates ``r_k`` of the class means; of Gaussian inputs one row of zeros.
    frequencies : numpy.ndarray, shape (K,)
        Of the classes that have them.
    in_means : numpy.ndarray, shape (r, number of means)
        Orthonormal basis of their span.
    above : tuple of numpy.ndarray
        Weights of the layers above the first; with CE those of the last are centred, since
        ``A 1 = 0``: only differences of classes count.
    later : numpy.ndarray, shape (C, k), or None
        The weights above the layer, None for the last: B without the mask of the units.
    offsets : numpy.ndarray, shape (C,), or None
        Added to the logits.
    n_classes : int
    gaussian : bool
        Whether the inputs are no mixture.
    """

    loss: str
    factor: FloatArray
    centres: FloatArray
    frequencies: FloatArray
    in_means: FloatArray
    above: tuple[FloatArray, ...]
    later: FloatArray | None
    offsets: FloatArray | None
    n_classes: int
    gaussian: bool

    @classmethod
    def of(cls, ens: Ensemble) -> Self:
        """From the weights that an ensemble gives: all, but those of the first layer may be open.

        Then ``g ~ N(0, gain I)``, as for ``d → ∞``.

        Raises
        ------
        ValueError
            If other weights are missing, the network is deeper, or a row of W is zero.
        """
        weights_above(ens, mixtures=True, offsets=True)
        first, *above = ens.weights
        if above and ens.loss == "ce":
            above[-1] = above[-1] - above[-1].mean(axis=0)
        if isinstance(ens.inputs, Mixture) and first is None:
            wanted = "given beside a mixture, by ens.given(net)"
            raise ValueError(f"all weights must be {wanted}, got {ens}")
        if above and first is not None:
            refuse_zero_rows(first.any(axis=1), "weights[0]")
        later = above[ens.layer :]
        factor, centres, frequencies, in_means = _span(ens)
        return cls(
            ens.loss,
            factor,
            centres,
            frequencies,
            in_means,
            tuple(above),
            later=later[0] if later else None,
            offsets=class_offsets(ens),
            n_classes=ens.n_classes,
            gaussian=not isinstance(ens.inputs, Mixture),
        )

    @property
    def n_directions(self) -> int:
        """The number r of directions."""
        return self.factor.shape[0]

    @property
    def n_units(self) -> int:
        """The number k of output units of the layer."""
        return self.n_classes if self.later is None else self.later.shape[1]

    @property
    def masked(self) -> bool:
        """Whether the units of the layer have a ReLU above them."""
        return self.later is not None

    @property
    def tangents(self) -> FloatArray:
        """B without the mask of the units, (C, k): I for the last layer."""
        return np.eye(self.n_classes) if self.later is None else self.later

    def points(
        self, rng: RandomState, blocks: int = BLOCKS, log2_points: int = LOG2_POINTS
    ) -> Iterator[tuple[FloatArray, IntArray]]:
        """Yield blocks of points u, (2^log2_points, r), with their classes.

        Of a mixture classes have whole numbers of points, rounded up or down at random.
        """
        rng = random_generator(rng)
        n = 2**log2_points
        for u in gaussian_points(self.n_directions, rng, blocks, log2_points):
            if self.gaussian:
                yield u, np.zeros(n, dtype=np.intp)
                continue
            ends = np.cumsum(self.frequencies) * n + rng.random()
            labels = rng.permutation(np.searchsorted(ends[:-1], np.arange(1, n + 1)))
            yield u + self.centres[labels], labels

    def active_probability(self, i: int, j: int) -> float:
        """The probability that no mask makes ``λ^{ij}`` zero."""
        return active_probability(self.factor, i, j) if self.masked else 1.0

    def _factors(self, u: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
        """``(a, b, active)`` at each point: ``A = diag(a) - b bᵀ`` and the mask of the units."""
        g = u @ self.factor
        active = g > 0 if self.masked else np.ones((len(u), self.n_units), dtype=bool)
        if self.loss == "mse":
            a = np.ones((len(u), self.n_classes))
            return a, np.zeros_like(a), active
        p = softmax(self._outputs(g))
        return p, p, active

    def _outputs(self, g: FloatArray) -> FloatArray:
        """Of the network, (n, C), from the pre-activations of its first layer."""
        for V in self.above:
            g = np.maximum(g, 0.0) @ V.T
        return g if self.offsets is None else g + self.offsets

    def block_weights(self, u: FloatArray, i: int, j: int) -> FloatArray:
        """``λ^{ij} = Σ_c a_c (B_ci - Σ b B_i)(B_cj - Σ b B_j)`` at each point, (n,)."""
        a, b, active = self._factors(u)
        if self.later is None and self.loss == "ce":  # p_i (δ_ij - p_j), 1 - p_i without difference
            others = np.arange(self.n_classes) != i
            return a[:, i] * (a.sum(axis=1, where=others) if i == j else -a[:, j])
        B_i, B_j = self.tangents[:, [i, j]].T
        centred_i, centred_j = B_i - (b @ B_i)[:, None], B_j - (b @ B_j)[:, None]
        return np.einsum("nc,nc,nc->n", a, centred_i, centred_j) * active[:, i] * active[:, j]

    def gradients(self, u: FloatArray, labels: IntArray) -> FloatArray:
        """``∂ℓ/∂a`` of the units at each point for these labels, (n, k)."""
        g = u @ self.factor
        active = g > 0 if self.masked else True
        f = self._outputs(g)
        residual = softmax(f) if self.loss == "ce" else f.copy()
        residual[np.arange(len(u)), labels] -= 1.0
        return np.asarray((residual @ self.tangents) * active)

    def output_hessians(self, u: FloatArray) -> FloatArray:
        """``M = Bᵀ A B`` at each point, (n, k, k), by the same sum over classes."""
        a, b, active = self._factors(u)
        B = self.tangents
        centred = (B - (b @ B)[:, None, :]) * active[:, None, :]
        return np.einsum("nci,nc,ncj->nij", centred, a, centred, optimize=True)
