r"""Spectral densities by stochastic Lanczos quadrature: products with H only, H never formed.

**Statement.** Let H be symmetric, n × n, with eigenpairs ``(λ_i, q_i)``. A unit vector v has the
measure ``μ_v = Σ_i (q_iᵀ v)² δ_{λ_i}``, of mass 1 and moments ``∫ x^k dμ_v = vᵀ H^k v``. If
``E[v vᵀ] = I/n``, then ``E[μ_v]`` is the spectral distribution ``(1/n) Σ δ_{λ_i}``: every moment
of one probe is unbiased. m Lanczos steps from v give an orthonormal basis Q of the Krylov space
and a tridiagonal T with ``H Q = Q T + β_m q_{m+1} e_mᵀ``; eigenvalues θ_j of T and squared first
entries w_j of its eigenvectors s_j are the m-node Gauss rule of μ_v, exact on polynomials of
degree up to 2m-1.

**Probes** are Rademacher, ``v_i = ±1/√n``. The variance of ``vᵀ A v`` is
``(2/n²)(‖A‖_F² - Σ A_ii²)``; of v uniform on the sphere it is
``2/(n(n+2)) (‖A‖_F² - (tr A)²/n)``, and ``Σ A_ii² >= (tr A)²/n``. So Rademacher probes lose at
most a factor 1 + 2/n, and are exact for diagonal matrices.

**One probe.** `probe_rule` makes of its rule a distribution function with rigorous bounds, from the
residuals ``r_j = ‖H Q s_j - θ_j Q s_j‖ = β_m |(s_j)_m|``.

References
----------
Golub and Meurant (2010), chapters 4 and 6; Ubaru, Chen and Saad (2017); Chen, Trogdon and Ubaru
(2021).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmt_hessian._checks.arguments import positive_integer, positive_real
from rmt_hessian._checks.arrays import real_array
from rmt_hessian._random import random_generator
from rmt_hessian._threads import one_thread_for_short, parallel_map
from rmt_hessian._types import Elementwise, FloatArray, MatrixLike, Progress, RandomState, RealArray
from rmt_hessian.spectra import probe_rule
from rmt_hessian.spectra.lanczos import lanczos
from rmt_hessian.spectra.operands import symmetric_operand
from rmt_hessian.spectra.progress_calls import ProductCount

BASES = 2**27  # numbers that the bases of probes side by side may hold: 1 GB


@dataclass(frozen=True, eq=False, repr=False)
class SpectralDensity:
    """Spectral distribution of a matrix, estimated from the Gauss rules of random probes.

    Values are means over probes, ``…_error`` their standard errors (standard deviation over
    probes / √n_probes; NaN for one probe, which tells nothing about its own error). Errors are
    those of the probes only: `cdf_bounds` tells what the number of steps leaves open.

    Attributes
    ----------
    nodes : tuple of numpy.ndarray
        For each probe its nodes θ_j, ascending; fewer than the steps asked for where the probe
        met an invariant subspace. Nodes within 1e-13 of ‖H‖ of 0 are 0.
    weights : tuple of numpy.ndarray
        Their weights w_j; for each probe they sum to 1.
    residuals : tuple of numpy.ndarray
        ``r_j``: H has an eigenvalue within r_j of θ_j. All zero where the measure of the probe is
        known completely.

    References
    ----------
    ``docs/computation.md`` §4; Golub and Meurant (2010), Ubaru, Chen and Saad (2017), Chen, Trogdon
    and Ubaru (2021).
    """

    nodes: tuple[FloatArray, ...]
    weights: tuple[FloatArray, ...]
    residuals: tuple[FloatArray, ...]

    def __repr__(self) -> str:
        lo, hi = self.support()
        return f"SpectralDensity({self.n_probes} probes, nodes in [{lo:.4g}, {hi:.4g}])"

    @property
    def n_probes(self) -> int:
        """Number of probes."""
        return len(self.nodes)

    def support(self) -> tuple[float, float]:
        """``(lo, hi)``, the extreme nodes: within the extreme eigenvalues, and soon close."""
        return min(float(x[0]) for x in self.nodes), max(float(x[-1]) for x in self.nodes)

    def _by_probe(self, measure: Callable[..., FloatArray], x: Any) -> FloatArray:
        """``measure`` of the rule of each probe, at x: shape (n_probes, *x.shape)."""
        rules = zip(self.nodes, self.weights, self.residuals, strict=True)
        return np.stack([measure(x, *rule) for rule in rules])

    # --- distribution -----------------------------------------------------------------------

    def _cdfs(self, x: ArrayLike) -> FloatArray:
        x = real_array(x, "x")
        return np.where(np.isnan(x), np.nan, self._by_probe(probe_rule.cdf, x))

    def cdf(self, x: ArrayLike) -> Elementwise:
        """Share of the eigenvalues up to x (any shape), right-continuous; between `cdf_bounds`.

        `probe_rule` states the interpolation. A null space is a node that converges to
        0 exponentially in the steps, faster the wider the gap between 0 and the rest. Then its
        mass is the jump ``cdf(0) - cdf(-tiny)``; before, it rises within the distance of that
        node from 0: compare ``cdf(x)`` with ``cdf(-x)`` at x within the gap.
        """
        return self._cdfs(x).mean(axis=0)[()]

    def cdf_error(self, x: ArrayLike) -> Elementwise:
        """Standard error of `cdf` at x: of the probes, not of their finitely many steps.

        Where eigenvalues crowd closer than the Lanczos nodes, at 0 of a trained network, `cdf` may
        be off by many of them; `cdf_bounds` tell.
        """
        return _standard_error(self._cdfs(x))

    def cdf_bounds(self, x: ArrayLike) -> tuple[Elementwise, Elementwise]:
        """``(lower, upper)`` bounds of the CDF at x (any shape), averaged over probes.

        For each probe they bound the CDF of its own measure rigorously (up to rounding; equal
        where that measure is known completely). The spectrum's CDF may leave them by the
        fluctuation of the probes, `cdf_error`.
        """
        x = real_array(x, "x")
        bounds = np.where(
            np.isnan(x), np.nan, self._by_probe(probe_rule.cdf_bounds, x).mean(axis=0)
        )
        return bounds[0][()], bounds[1][()]

    # --- density ----------------------------------------------------------------------------

    def _pdfs(self, x: ArrayLike, bandwidth: float) -> FloatArray:
        h = positive_real(bandwidth, "bandwidth")

        def pdf(x: FloatArray, nodes: FloatArray, weights: FloatArray, _: FloatArray) -> FloatArray:
            t = (x[..., None] - nodes) / h
            return np.exp(-0.5 * t * t) @ weights / (np.sqrt(2 * np.pi) * h)

        return self._by_probe(pdf, real_array(x, "x"))

    def pdf(self, x: ArrayLike, bandwidth: float) -> Elementwise:
        """Density at x (any shape), smoothed by a Gaussian of standard deviation ``bandwidth``.

        ``∫ φ_h(x - t) dμ(t)``. The bandwidth is in the units of the eigenvalues and has no
        default: structure finer than it is erased (an atom becomes a Gaussian), and below the
        distance of neighbouring nodes single nodes show. Scale it with the spectrum, for example
        ``0.02 * (hi - lo)`` for the interval of interest, so ``(hi - lo) / n_steps`` or more.

        Raises
        ------
        ValueError
            If the bandwidth is not positive and finite.
        """
        return self._pdfs(x, bandwidth).mean(axis=0)[()]

    def pdf_error(self, x: ArrayLike, bandwidth: float) -> Elementwise:
        """Standard error of `pdf` at x."""
        return _standard_error(self._pdfs(x, bandwidth))

    # --- moments ----------------------------------------------------------------------------

    def _moments(self, k: int) -> FloatArray:
        k = positive_integer(k, "k", minimum=0)
        return self._by_probe(lambda _, nodes, weights, __: weights @ nodes**k, None)

    def moment(self, k: int) -> float:
        """``tr(H^k)/n``, unbiased for ``k <= 2 n_steps - 1``.

        Raises
        ------
        ValueError
            If k is not an integer of at least 0.
        """
        return float(self._moments(k).mean())

    def moment_error(self, k: int) -> float:
        """Standard error of `moment`."""
        return float(_standard_error(self._moments(k)))

    def mean(self) -> float:
        """``tr(H)/n``."""
        return self.moment(1)


def _standard_error(values: FloatArray) -> Elementwise:
    if len(values) == 1:
        return np.full(values.shape[1:], np.nan)[()]
    return (values.std(axis=0, ddof=1) / np.sqrt(len(values)))[()]


def spectral_density(
    H: MatrixLike,
    *,
    n_probes: int = 10,
    n_steps: int = 100,
    rng: RandomState = None,
    progress: Progress | None = None,
) -> SpectralDensity:
    """Spectral distribution of a symmetric matrix from products ``H @ v``, H never formed.

    Parameters
    ----------
    H : LayerHessian, scipy LinearOperator, or dense or sparse array, shape (n, n)
        Anything symmetric with ``shape`` and ``@``. Cost: ``n_probes * n_steps`` products, and
        ``2 n_steps² n`` operations a probe for the reorthogonalisation. Probes run side by side on
        all cores, one BLAS thread each; those of an operator, which might not bear that, do not.
    n_probes : int
        Random vectors; errors fall like 1/√(n_probes n).
    n_steps : int
        Lanczos steps a probe, at most n are taken. Memory: a basis of ``n * n_steps`` numbers for
        each probe that runs at a time, up to 1 GB or one basis; only the nodes are kept.
    rng : None, int, SeedSequence or Generator
        None for a fresh one. More probes from the same seed begin with the same ones.
    progress : callable, optional
        Called as ``progress(done, total)`` after every product, with their numbers; by one thread
        at a time, not always the same. What it raises ends the work.

    Returns
    -------
    SpectralDensity

    Raises
    ------
    ValueError
        If H is not square, its products are not finite, real and of shape (n,), or show that it
        is not symmetric (which takes two steps), a count is not a positive integer, or progress
        is not callable.

    Notes
    -----
    Defaults: for the softmax regression of 40,000 weights in ``tests/claims`` the distance from
    the limiting law is 0.017, 0.010, 0.003, 0.003 at 25, 50, 100, 200 steps of 10 probes, and
    0.007, 0.005, 0.003 for 2, 5, 10 probes of 100 steps.

    References
    ----------
    ``docs/computation.md`` §4; Golub and Meurant (2010), Ubaru, Chen and Saad (2017), Chen, Trogdon
    and Ubaru (2021).

    Examples
    --------
    >>> density = spectral_density(np.diag([0.0, 0.0, 1.0, 3.0]), rng=0)
    >>> round(density.mean(), 12), density.moment_error(1) < 1e-12
    (1.0, True)
    >>> density.cdf([-0.1, 0.0, 2.0])
    array([0.  , 0.5 , 0.75])
    """
    operand = symmetric_operand(H, "H")
    n_probes = positive_integer(n_probes, "n_probes")
    n_steps = min(positive_integer(n_steps, "n_steps"), operand.size)
    count = ProductCount(progress, n_probes * n_steps)
    rng = random_generator(rng)
    signs = [np.packbits(rng.integers(0, 2, operand.size).astype(bool)) for _ in range(n_probes)]
    at_once = 1 if operand.kind == "operator" else max(1, BASES // (n_steps * operand.size))
    bases: list[FloatArray] = []  # of probes that have ended, to be used again

    def multiply(v: FloatArray) -> RealArray:
        product = operand.multiply(v)
        count.add(1)
        return product

    def rule(positive: NDArray[np.uint8]) -> tuple[FloatArray, FloatArray, FloatArray]:
        basis = bases.pop() if bases else np.empty((n_steps, operand.size))
        start = 2.0 * np.unpackbits(positive, count=operand.size) - 1.0
        with count.shared_errors():
            alpha, beta = lanczos(multiply, start / np.sqrt(operand.size), basis)
            count.add(n_steps - alpha.size)  # those an invariant space makes needless
        bases.append(basis)
        return probe_rule.gauss_rule(alpha, beta)

    alone = min(n_probes, at_once) == 1
    with one_thread_for_short(operand.size) if alone else nullcontext():
        rules = parallel_map(rule, signs, at_once)
    return SpectralDensity(*zip(*rules, strict=True))
