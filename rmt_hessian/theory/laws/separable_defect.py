"""By how much points (δ, z) miss the equation of the separable law, ``δ = T(δ; z)``.

References
----------
``docs/laws.md`` §6.
"""

from dataclasses import dataclass, fields

import numpy as np

from rmt_hessian._types import BoolArray, FloatArray

DOUBLE = 1e-5  # |1 - dT/dδ| at a double root, which rounding may make real or not


@dataclass(frozen=True)
class Defect:
    """What Newton's method needs at points (δ, z); each of shape (n,).

    Attributes
    ----------
    image, difference : numpy.ndarray
        ``T(δ; z)`` and ``T(δ; z) - δ``.
    slope, contraction : numpy.ndarray
        ``dT/dδ`` and ``1 - dT/dδ``.
    in_z : numpy.ndarray
        ``z dT/dz``.
    size, contraction_size : numpy.ndarray
        Of the terms whose sums difference and contraction are: their errors are some ε times that.
    """

    image: np.ndarray
    difference: np.ndarray
    slope: np.ndarray
    contraction: np.ndarray
    in_z: np.ndarray
    size: np.ndarray
    contraction_size: np.ndarray

    @property
    def residual(self) -> FloatArray:
        """``|T - δ|`` over the size of its terms."""
        return np.abs(self.difference) / self.size

    @property
    def double(self) -> BoolArray:
        """Whether rounding may make the root real or not: ``dT/dδ`` is nearly 1."""
        return np.abs(self.contraction) <= DOUBLE * self.contraction_size

    def put(self, where: BoolArray, other: "Defect") -> None:
        """Take the values of another at the points ``where``, a mask."""
        for field in fields(self):
            getattr(self, field.name)[where] = getattr(other, field.name)
