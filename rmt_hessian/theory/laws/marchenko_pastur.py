"""The classical Marchenko–Pastur law: constant weights."""

from rmt_hessian._checks.arguments import positive_real
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur


class MarchenkoPastur(GeneralizedMarchenkoPastur):
    """The classical law: ``(scale/N) Σ_n z_n z_nᵀ``, constant weights.

    With ``γ = p/N`` its continuous part is
    ``√((x₊ - x)(x - x₋)) / (2π γ scale x)`` on ``x_± = scale (1 ± √γ)²``.

    Parameters
    ----------
    aspect_ratio : float
        ``γ``, features over samples.
    scale : float
        The common weight, positive.

    References
    ----------
    Marchenko and Pastur (1967); ``docs/laws.md`` §2.1.

    Examples
    --------
    >>> import numpy as np
    >>> np.round(MarchenkoPastur(0.25).components(), 12)  # (1 ± √γ)²
    array([[0.25, 2.25]])
    """

    def __init__(self, aspect_ratio: float, scale: float = 1.0) -> None:
        self.scale = positive_real(scale, "scale")
        super().__init__([self.scale], [1.0], aspect_ratio)
