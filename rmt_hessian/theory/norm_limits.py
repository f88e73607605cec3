"""Expected block norms in closed form, and the limits of their ratio as C → ∞."""

from dataclasses import dataclass

import numpy as np

from rmt_hessian._validation import one_of, positive_integer, positive_real

LOSSES = ("ce", "mse")


@dataclass(frozen=True)
class ExpectedBlockNorms:
    """``E‖H_ii‖_F²``, ``E‖H_ij‖_F²`` (i ≠ j) and their ratio, with standard errors.

    Attributes
    ----------
    diagonal, off_diagonal, ratio : float
    diagonal_error, off_diagonal_error, ratio_error : float
        Standard errors of the Monte Carlo average; 0 where the formula is closed.
    """

    diagonal: float
    off_diagonal: float
    diagonal_error: float = 0.0
    off_diagonal_error: float = 0.0
    ratio_error: float = 0.0

    @property
    def ratio(self):
        """``R``."""
        return self.off_diagonal / self.diagonal


def mse_block_norms(model, C, d, N, m):
    """MSE, linear and hidden: [D] has the order; here with finite d and N."""
    same = d * (d + 2.0) / N
    cross = 1.0 - 1.0 / N
    if model == "linear":
        return ExpectedBlockNorms(cross * d + same, 0.0)
    # E[b²] of b = v^i·v^j with entries N(0, 1/m), times the masks: ½, ¼ ± asin(cos)/2π
    diagonal = C * (C + 2.0) / m**2 * (cross * d / 4 + same / 2)
    angle = d**2 * _mean_cos2_angle2(d) / (4 * np.pi**2)
    off_diagonal = C / m**2 * (cross * (d / 16 + angle) + same / 4)
    return ExpectedBlockNorms(diagonal, off_diagonal)


def _mean_cos2_angle2(d):
    """``E[ρ² asin²ρ]``, ρ the cosine of two random vectors of R^d.

    ``ρ = sin θ`` with θ of density proportional to ``cos^{d-2} θ``.
    """
    if d == 1:
        return np.pi**2 / 4
    nodes, weights = np.polynomial.legendre.leggauss(200)
    reach = min(np.pi / 2, 14.0 / np.sqrt(d))
    theta = reach * (nodes + 1) / 2
    weights = weights * np.cos(theta) ** (d - 2)
    return float(weights @ (np.sin(theta) * theta) ** 2 / weights.sum())


def block_norm_limit(*, model, loss, n_inputs=None, n_samples=None, aspect_ratio=None):
    """Constant and exponent of ``R ~ constant · C^{-exponent}`` as C → ∞.

    Linear CE, exact in d and N, with ``u(r) = (1 - r²)^{-d/2}``, ``q(t) = (1 - 2t)^{-d/2}`` and
    ``Ψ(κ) = (1 - 1/N) u''(κ/d) + (1/N) q''(κ/d)``: ``C² R → Ψ(2)/Ψ(1)``, which tends to
    ``(γ e² + 1)/(γ e + 1)`` as d, N → ∞. Hidden MSE: ``(C + 2) R → (4γ + 1)/(4(2γ + 1))``, and
    with sizes exact in d and N. Linear MSE: 0.

    Parameters
    ----------
    model : {"linear", "hidden"}
    loss : {"ce", "mse"}
    n_inputs, n_samples : int, optional
        d and N, for the constant at that size; d > 4 for linear CE.
    aspect_ratio : float, optional
        γ, for the proportional limit. Give this or both sizes.

    Returns
    -------
    (float, int)

    Raises
    ------
    ValueError
        If no constant is known here for the case, it does not exist at that d, or the sizes are
        given neither or both ways.
    """
    one_of(model, ("linear", "hidden"), "model")
    one_of(loss, LOSSES, "loss")
    given = (n_inputs is not None, n_samples is not None, aspect_ratio is not None)
    if given not in ((True, True, False), (False, False, True)):
        raise ValueError("give either n_inputs and n_samples, or aspect_ratio")
    by_size = given[0]
    if by_size:
        n_inputs = positive_integer(n_inputs, "n_inputs")
        n_samples = positive_integer(n_samples, "n_samples")
    else:
        aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
    if (model, loss) == ("linear", "mse"):
        return 0.0, 0
    if (model, loss) == ("hidden", "ce"):
        raise ValueError("no limit is known here for model 'hidden' with loss 'ce'")
    if model == "hidden":
        if by_size:
            exact = mse_block_norms("hidden", 2, n_inputs, n_samples, 1)
            return 4.0 * exact.ratio, 1  # R is this ratio times 4/(C + 2)
        return (4 * aspect_ratio + 1) / (4 * (2 * aspect_ratio + 1)), 1
    if not by_size:
        return (aspect_ratio * np.e**2 + 1) / (aspect_ratio * np.e + 1), 2
    if n_inputs <= 4:
        raise ValueError(f"the constant of linear CE exists for n_inputs > 4, got {n_inputs}")
    return _psi(2, n_inputs, n_samples) / _psi(1, n_inputs, n_samples), 2


def _psi(kappa, d, N):
    r = t = kappa / d
    u = d * (1 - r**2) ** (-d / 2 - 1) + d * (d + 2) * r**2 * (1 - r**2) ** (-d / 2 - 2)
    q = d * (d + 2) * (1 - 2 * t) ** (-d / 2 - 2)
    return (1 - 1 / N) * u + q / N
