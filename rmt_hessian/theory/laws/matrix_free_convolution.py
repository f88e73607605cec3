r"""Layers on given features: the free convolution of output Hessians and of a measured spectrum.

**Statement.** Let ``H = (1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with k×k output Hessians, k fixed, and features
as in `free_convolution`: ``Z = V (N e)^{1/2} Uᵀ``, the frame V in general position to the samples,
e the eigenvalues of ``(1/N) Σ z_n z_nᵀ``. For ``p, N → ∞``, ``p/N → φ``, the spectrum of H tends to
the law with the k×k equation

    ``K = E[M (I + D M)^{-1}]``,   ``W = z (K^{-1} - D)``,   ``D = -(m(W)^{-1} + W)/z``,

m the transform of ``ZZᵀ/N``, and ``s(z) = tr (D K/φ - I)/(k z)``. It is the equation of
`free_convolution` with matrices in the place of numbers: ``A(W) = I + W m(W) = D K``.

**One solution.** ``K^{-1} - D`` has a positive imaginary part where D has. For invertible M it is a
Schur complement: ``K = Pᵀ (X + I⊗D)^{-1} P``, X block diagonal of the ``M_n^{-1}``, P the mean over
samples, so that ``K^{-1} - D = E[M^{-1}] - bᵀ Y^{-1} b``, Y, the rest of ``X + I⊗D``, with
``Im Y > 0``. As ``-1/m(w) - w`` is a number in the same way, negative for w < 0, the right-hand
side, as a map of D, takes ``Im D > 0`` into itself, and has one fixed point there (Earle and
Hamilton): the operator-valued form of the subordination of `free_convolution`.

**Distribution.** With T the right-hand side, the potential

    ``k ∫ log(z - x) dμ = E log det(W - e) - log det g
    + (1/φ) ( log det(I - A) + E log det(I + D M) + tr K (T - D) )``,   ``g = W/z``,

is stationary in D; its imaginary part on the axis is kπ (1 - F). ``I - A = -W m``, and W, ``-1/m``
and ``I + M^{1/2} D M^{1/2}`` have eigenvalues in the upper half plane, as ``W - e`` has.

References
----------
``docs/laws.md`` §8: *Layers*; Belinschi, Speicher, Treilhard and Vargas (2015).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import positive_integer, positive_real
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._checks.matrices import symmetric_stack
from rmt_hessian._checks.precision import precision
from rmt_hessian._types import FloatArray
from rmt_hessian.theory.laws.free_convolution import SPREAD, features_spectrum, spread_out
from rmt_hessian.theory.laws.matrix_convolution import MatrixConvolution
from rmt_hessian.theory.laws.matrix_factors import mean_size
from rmt_hessian.theory.laws.matrix_law import MatrixLaw
from rmt_hessian.theory.laws.matrix_solver import merged
from rmt_hessian.theory.laws.scaling import exponent_of
from rmt_hessian.theory.laws.two_sided import nonzero


class MatrixFreeConvolution(MatrixLaw):
    """Limiting law of ``(1/N) Σ_n M_n ⊗ z_n z_nᵀ`` given the spectrum of ``(1/N) Σ_n z_n z_nᵀ``.

    ``K = E[M (I + DM)^{-1}]``, ``W = z (K^{-1} - D)``, ``D = -(m(W)^{-1} + W)/z`` with
    ``m(w) = φ E[1/(e - w)] - (1 - φ)/w``, and ``s(z) = tr(DK/φ - I)/(kz)``.

    Parameters
    ----------
    output_hessians : array_like, shape (N, k, k)
        The M_n, symmetric, of eigenvalues of both signs, of equal masses.
    spectrum, spectrum_probabilities : array_like, shape (L,)
        Eigenvalues e of ``(1/N) Σ_n z_n z_nᵀ``, not negative, and their probabilities. At most
        ``N/p`` of them are not 0.
    aspect_ratio : float
        ``φ = p/N``, features over samples.

    Attributes
    ----------
    null_space : float
        Mass at 0 of features that are 0 and of units without curvature.
    residual : float
        Largest residual of the equation at the nodes, relative to D.
    interpolation_error : float
        Largest error of the CDF between nodes, as far as they tell: some 5e-5, more where the law
        has more steps than a thousand nodes show.

    Raises
    ------
    ValueError
        If the arguments are not as above.
    RuntimeError
        If the equation is not solved somewhere, or the law found has a CDF that falls, or another
        mean than M and the features.

    Notes
    -----
    The moments 1 and 2 are exact. Output Hessians that hardly differ are taken as ``M (1 ± ε)``,
    and so are features, so that no direction has a relative standard deviation below 0.1, as in
    `FreeConvolution`. 2,000 samples, 9 units and 60 features take some 10 s, 16 units 30 s.

    References
    ----------
    ``docs/laws.md`` §8; Belinschi, Speicher, Treilhard and Vargas (2015).

    Examples
    --------
    >>> M = np.array([np.diag([1.0, 2.0]), np.diag([3.0, 1.0])])
    >>> law = MatrixFreeConvolution(M, [1.0, 2.0], [0.5, 0.5], aspect_ratio=0.5)
    >>> law.mean(), round(law.var(), 9)  # E e tr E[M]/k
    (2.625, 1.625)
    """

    tolerance, most_nodes, spacing = 5e-5, 1000, 0.12  # steps of features are seen

    def __init__(
        self,
        output_hessians: ArrayLike,
        spectrum: ArrayLike,
        spectrum_probabilities: ArrayLike,
        aspect_ratio: float,
    ) -> None:
        M = finite_array(output_hessians, "output_hessians", ndim=3)
        if M.shape[1] != M.shape[2] or 0 in M.shape:
            raise ValueError(f"output_hessians must have shape (N, k, k), got {M.shape}")
        M = symmetric_stack(output_hessians, "output_hessians")
        self.aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
        self.spectrum, self.spectrum_probabilities = features_spectrum(
            spectrum, spectrum_probabilities, self.aspect_ratio
        )
        self.output_hessians = M
        equations, null_space = self._equations(precision(output_hessians))
        super().__init__(*equations, null_space)

    def _equations(self, eps: float) -> tuple[tuple[MatrixConvolution, MatrixConvolution], float]:
        """The equations of M and of -M on what is not 0, and the mass at 0 that this leaves out."""
        k = self.output_hessians.shape[1]
        e, probabilities, unit = nonzero(self.spectrum, self.spectrum_probabilities)
        size = 2.0 ** exponent_of(float(np.abs(self.output_hessians).max()))
        M, weights = merged(self.output_hessians / size)
        values, Q = np.linalg.eigh(mean_size(M, weights))
        units = Q[:, values > k * eps * values[-1]]
        rank = float(probabilities.sum())
        if units.size == 0 or rank == 0:
            nothing = np.zeros((1, 1, 1)), np.ones(1), np.zeros(1), np.ones(1), 1.0
            return (MatrixConvolution(*nothing),) * 2, 0.0
        M, weights = spread_out_stack(units.T @ M @ units, weights)
        phi = self.aspect_ratio * rank
        e, probabilities = spread_out(e, probabilities / rank, share=min(phi, 1.0))
        features = e, probabilities, phi, size * unit, eps
        equation, opposite = (MatrixConvolution(T, weights, *features) for T in (M, -M))
        return (equation, opposite), max(1.0 - rank * units.shape[1] / k, 0.0)

    def moment(self, k: int) -> float:
        """``E[X^k]``, exact for k = 1 and 2, by quadrature beyond: ``m₁ = E[e] tr E[M]/k``."""
        k = positive_integer(k, "k", minimum=0)
        if k == 1:
            mean = np.trace(self.output_hessians.mean(axis=0)) / self.output_hessians.shape[1]
            return float(mean * (self.spectrum_probabilities @ self.spectrum))
        if k == 2:
            return self.var() + self.mean() * self.mean()
        return super().moment(k)

    def _variance(self) -> tuple[float, int]:
        """``m₂ - m₁²``, ``m₂ = E[e²] tr E[M]²/k + φ (E e)² (E tr M² - tr E[M]²)/k``, exact."""
        equation, rest = self.equation, 1.0 - self.null_space
        e, p, k = equation.e, equation.probabilities, equation.k
        of_mean = np.sum(equation.mean * equation.mean) / k
        scatter = equation.mean_square / k - of_mean
        first = p @ e * np.trace(equation.mean) / k
        second = p @ e**2 * of_mean + equation.gamma * (p @ e) ** 2 * scatter
        exponent = exponent_of(equation.scale)
        unit = np.ldexp(equation.scale, -exponent)
        return float(rest * (second - rest * first * first)) * unit**2, exponent


def spread_out_stack(M: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The same matrices, or each as ``M (1 ± ε)``, so that none of their directions is constant.

    With ``S = (E |M|)^{-1/2} M (E |M|)^{-1/2}`` no eigenvalue of ``E[S²] - (E S)²`` is below
    `SPREAD`².
    """
    values, Q = np.linalg.eigh(mean_size(M, weights))
    root = Q / np.sqrt(values)
    S = root.T @ M @ root
    mean = np.tensordot(weights, S, 1)
    square = np.einsum("n,nij,njk->ik", weights, S, S)
    least = max(np.linalg.eigvalsh(square - mean @ mean)[0], 0.0)
    missing = SPREAD**2 - least / (1.0 + least)
    if missing <= 0:
        return M, weights
    epsilon = np.sqrt(missing)
    pair = np.concatenate([M * (1 - epsilon), M * (1 + epsilon)])
    return pair, np.tile(weights / 2, 2)
