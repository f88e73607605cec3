"""Limits of the expected block norms: C → ∞ at given sizes, and d, N → ∞ at given C."""

from dataclasses import dataclass

from rmt_hessian._validation import (
    having,
    means_nothing,
    one_of,
    positive_integer,
    positive_real,
)
from rmt_hessian.theory.init_scale import init_gain
from rmt_hessian.theory.norms.ce_limits import hidden_ce_limit, linear_ce_limit, output_ce_limit
from rmt_hessian.theory.norms.mse_norms import mse_class_norms

MODELS = ("linear", "hidden", "output")
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


@dataclass(frozen=True)
class BlockNormLimits:
    """``E‖H_ii‖_F² ~ diagonal · C^{-diagonal_exponent}`` as C → ∞, and the same off the diagonal.

    Attributes
    ----------
    diagonal, off_diagonal : float
        At given sizes; over d if they come from an aspect ratio.
    diagonal_exponent, off_diagonal_exponent : int
    diagonal_error, off_diagonal_error : float
        How far the constants are from being defined: see `block_norm_limits`.
    ratio : (float, int)
        Constant and exponent of ``R = E‖H_ij‖_F² / E‖H_ii‖_F²``.
    """

    diagonal: float
    diagonal_exponent: int
    off_diagonal: float
    off_diagonal_exponent: int
    diagonal_error: float = 0.0
    off_diagonal_error: float = 0.0

    @property
    def ratio(self):
        """``R ~ constant · C^{-exponent}``."""
        exponent = self.off_diagonal_exponent - self.diagonal_exponent
        return self.off_diagonal / self.diagonal, exponent


def block_norm_limits(
    *,
    model,
    loss,
    n_inputs=None,
    n_samples=None,
    aspect_ratio=None,
    n_hidden=None,
    init="lecun",
):
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
    model : {"linear", "hidden", "output"}
    loss : {"ce", "mse"}
    n_inputs, n_samples : int, optional
        d and N, for the constant at that size. The output layer needs N; without ``n_inputs``
        its constant is the one of d → ∞.
    aspect_ratio : float, optional
        Instead of both, for "linear" and "hidden": d, N → ∞ with ``d/N = aspect_ratio``; the
        norms are then over d.
    n_hidden : int
        m, for "hidden" (at least 2) and "output".
    init : {"lecun", "he"}
        Entries of every weight matrix have variance 1/in or 2/in.

    Returns
    -------
    BlockNormLimits

    Raises
    ------
    ValueError
        If sizes are missing, given both ways or mean nothing for the model, or the constant does
        not exist. With g the gain of ``init``, 1 or 2, it exists for ``d > 4g`` (linear CE) and
        for ``m > 2g²`` (hidden CE) or ``m > 4g²`` (output CE) as d → ∞.

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

    Examples
    --------
    >>> limits = block_norm_limits(model="hidden", loss="mse", aspect_ratio=0.5, n_hidden=2)
    >>> limits.diagonal, limits.off_diagonal, limits.ratio
    (0.125, 0.046875, (0.375, 1))
    """
    one_of(model, MODELS, "model")
    one_of(loss, LOSSES, "loss")
    gain = init_gain(init)
    d, N, aspect_ratio = _sample_sizes(model, n_inputs, n_samples, aspect_ratio)
    m = hidden_width(model, n_hidden)
    if loss == "mse":
        diagonal, off_diagonal = mse_class_norms(model, d, N, m, gain, aspect_ratio)
        exponents = (-2, -1) if model == "hidden" else (0, 0)
        return BlockNormLimits(diagonal, exponents[0], off_diagonal, exponents[1])
    if model == "linear":
        diagonal, off_diagonal = linear_ce_limit(d, N, gain, aspect_ratio)
        return BlockNormLimits(diagonal, 2, off_diagonal, 4)
    if model == "hidden":
        diagonal, off_diagonal = hidden_ce_limit(d, N, m, gain, aspect_ratio)
        exponents = (0, 1)
    else:
        diagonal, off_diagonal = (output_ce_limit(on, d, N, m, gain) for on in (True, False))
        exponents = (2, 4)
    return BlockNormLimits(
        diagonal[0], exponents[0], off_diagonal[0], exponents[1], diagonal[1], off_diagonal[1]
    )


def block_norm_limit(
    *,
    model,
    loss,
    n_inputs=None,
    n_samples=None,
    aspect_ratio=None,
    n_hidden=None,
    init="lecun",
):
    """Constant and exponent of ``R ~ constant · C^{-exponent}``: the ratio of `block_norm_limits`.

    Arguments and errors as there, but MSE needs no ``n_hidden``: its ratio has no m in it. With
    hidden MSE, ``(C + 2) R`` equals the constant at any C.

    Returns
    -------
    (float, int)

    Examples
    --------
    >>> block_norm_limit(model="output", loss="mse", n_samples=100)
    (0.0, 0)
    >>> constant, exponent = block_norm_limit(model="linear", loss="ce", aspect_ratio=1.0)
    >>> round(constant, 3), exponent
    (2.256, 2)
    """
    one_of(model, MODELS, "model")
    one_of(loss, LOSSES, "loss")
    if loss == "mse" and model != "linear" and n_hidden is None:
        n_hidden = 2  # any
    return block_norm_limits(
        model=model,
        loss=loss,
        n_inputs=n_inputs,
        n_samples=n_samples,
        aspect_ratio=aspect_ratio,
        n_hidden=n_hidden,
        init=init,
    ).ratio


def block_norm_from_weights(law, aspect_ratio):
    """``E‖H‖_F²/d → (E λ)² + γ E λ²`` as d, N → ∞ with ``d/N = γ``: the norm at finite C.

    The second moment of the spectrum of a block with isotropic features. With the law of the
    weights of a diagonal and of an off-diagonal block at some C, their ratio is R there.

    Parameters
    ----------
    law : object with ``mean()`` and ``second_moment()``
        The law of the weights λ of a block, for example a `WeightLaw`.
    aspect_ratio : float

    Returns
    -------
    float

    Examples
    --------
    >>> from rmt_hessian.theory import weight_law
    >>> block_norm_from_weights(weight_law(model="linear", loss="mse", n_classes=3), 0.5)
    1.5
    """
    having(law, ("mean", "second_moment"), "law", "the law of the weights")
    aspect_ratio = positive_real(aspect_ratio, "aspect_ratio")
    return float(law.mean() ** 2 + aspect_ratio * law.second_moment())


def hidden_width(model, n_hidden):
    """The width m that the model needs; None for the linear one."""
    if model == "linear":
        means_nothing(n_hidden, "n_hidden", "model 'linear'")
        return None
    return positive_integer(n_hidden, f"n_hidden of model {model!r}", minimum=2)


def _sample_sizes(model, n_inputs, n_samples, aspect_ratio):
    """(d, N, γ): the first two or the last; the output layer may leave out d."""
    if model == "output":
        if aspect_ratio is not None:
            raise ValueError(
                "the output layer takes n_samples, and n_inputs unless infinite; aspect_ratio "
                f"means nothing for it, got {aspect_ratio}"
            )
    elif aspect_ratio is not None and (n_inputs, n_samples) == (None, None):
        return None, None, positive_real(aspect_ratio, "aspect_ratio")
    elif aspect_ratio is not None or n_inputs is None or n_samples is None:
        raise ValueError(
            "give either n_inputs and n_samples, or aspect_ratio, got "
            f"{n_inputs}, {n_samples} and {aspect_ratio}"
        )
    N = positive_integer(n_samples, "n_samples")
    return None if n_inputs is None else positive_integer(n_inputs, "n_inputs"), N, None
