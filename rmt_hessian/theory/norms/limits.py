"""Limits of the expected block norms: C → ∞ at given sizes, and d, N → ∞ too.

References
----------
``docs/norms.md`` *Many classes*.
"""

from dataclasses import dataclass

from rmt_hessian._checks.arguments import boolean
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.theory.norms.class_power import ClassPower
from rmt_hessian.theory.norms.kinds import formulas_of, sizes_of


@dataclass(frozen=True)
class BlockNormLimits:
    """``E‖H_ii‖_F² ~ diagonal · C^{-diagonal_exponent}`` as C → ∞, and the same off the diagonal.

    Attributes
    ----------
    diagonal, off_diagonal : float
        At given sizes; over d if d, N → ∞ for a layer whose features are the inputs.
    diagonal_exponent, off_diagonal_exponent : int
    diagonal_error, off_diagonal_error : float
        How far the constants are from being defined: see `block_norm_limits`.
    ratio : ClassPower
        ``R = E‖H_ij‖_F² / E‖H_ii‖_F²``: constant and exponent.

    References
    ----------
    ``docs/norms.md`` *Many classes*.
    """

    diagonal: float
    diagonal_exponent: int
    off_diagonal: float
    off_diagonal_exponent: int
    diagonal_error: float = 0.0
    off_diagonal_error: float = 0.0

    @property
    def ratio(self) -> ClassPower:
        """``R ~ constant · C^{-exponent}``."""
        exponent = self.off_diagonal_exponent - self.diagonal_exponent
        return ClassPower(self.off_diagonal / self.diagonal, exponent)


def block_norm_limits(ens: Ensemble, *, infinite_inputs: bool = False) -> BlockNormLimits:
    """Constants and exponents of both squared block norms as C → ∞, the other sizes fixed.

    ==============  =========================  =============================================
    case            exponents (ii, ij)         constants
    ==============  =========================  =============================================
    linear MSE      0, –                       exact at any C; ``H_ij = 0``
    linear CE       2, 4                       ``Ψ(gain)``, ``Ψ(2 gain)``, closed; the ratio tends
                                               to ``(γe^{2 gain} + 1)/(γe^{gain} + 1)``
    hidden MSE      -2, -1                     closed; ``(C + 2) R`` is constant
    hidden CE       0, 1                       quadrature over the Gram matrix of two inputs
    output MSE      0, –                       exact at any C; ``H_ij = 0``
    output CE       2, 4                       quadrature over the Gram matrix of two inputs
    ==============  =========================  =============================================

    Parameters
    ----------
    ens : Ensemble
        As for `block_norms`; ``widths[-1]`` does not matter.
    infinite_inputs : bool
        The constants for d → ∞: of a layer whose features are the inputs, ``d, N → ∞`` at its
        aspect ratio, norms over d; of the output layer at this N.

    Returns
    -------
    BlockNormLimits

    Raises
    ------
    ValueError
        As `block_norms`, and if the constant does not exist. With g the gain of ``init``, 1 or 2,
        it exists for ``d > 4g`` (linear CE) and for ``m > 2g²`` (hidden CE) or ``m > 4g²`` (output
        CE) as d → ∞.

    Notes
    -----
    At finite d the constants of hidden and output CE are, strictly speaking, infinite: an input
    with ``‖x‖²/d > m/(2κ g²)`` (κ = 2 for off-diagonal output blocks, else 1), of exponentially
    small probability, makes the average over weights diverge. At any C that exists these inputs
    do not count. So the integral is cut where its integrand is smallest, between the bulk and
    the divergence; the error is the integrand there (typically below 1e-6 of the constant), and
    above one per cent the constant is refused. Example: for m = 16, LeCun, the off-diagonal
    constant of the output layer is refused at d = 16, where the measured norm keeps growing with
    C, and reached within two per cent at d = 64.

    The constants need ``C ≫ e^{4v}``, v the variance of a logit: g for the linear model, ``g²/2``
    on average behind a hidden layer, and more where m is small. At d = 60 the ratio of linear CE
    is 0.98 of its limit at C = 1000 for LeCun, 0.88 at C = 4000 for He.

    References
    ----------
    ``docs/norms.md`` *Many classes*; exponents: [D], static force.

    Examples
    --------
    >>> from rmt_hessian.ensemble import Ensemble
    >>> ens = Ensemble([100, 2, 5], layer=0, loss="mse", n_samples=200)
    >>> limits = block_norm_limits(ens, infinite_inputs=True)
    >>> constant, exponent = limits.ratio
    >>> limits.diagonal, limits.off_diagonal, constant, exponent
    (0.125, 0.046875, 0.375, 1)
    """
    formulas = formulas_of(ens, many_classes=True)
    d, N, m, gain = sizes_of(ens)
    infinite = boolean(infinite_inputs, "infinite_inputs")
    d, N, aspect_ratio = formulas.infinite_sizes(d, N) if infinite else (d, N, None)
    if ens.loss == "mse":
        constants = [(c, 0.0) for c in formulas.mse_class_norms(d, N, m, gain, aspect_ratio)]
        exponents = formulas.mse_exponents
    else:
        constants = [formulas.ce_limit(on, d, N, m, gain, aspect_ratio) for on in (True, False)]
        exponents = formulas.ce_exponents
    (diagonal, error), (off_diagonal, off_diagonal_error) = constants
    return BlockNormLimits(
        diagonal, exponents[0], off_diagonal, exponents[1], error, off_diagonal_error
    )
