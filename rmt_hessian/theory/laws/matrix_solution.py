"""The solution of the matrix equation at one z, and what it says of the law on the real axis.

References
----------
``docs/laws.md`` §4.
"""

from dataclasses import dataclass

import numpy as np

OUTSIDE = 4.0  # ``Im s/(η |s'|)`` up to which a point is outside: there it is 1


@dataclass(frozen=True)
class Solution:
    """G at ``z = x + iη``, in the basis and the units of its `MatrixEquation`.

    Attributes
    ----------
    z : complex
    G, slope : numpy.ndarray, shape (k, k)
        G and ``dG/dz``.
    K : numpy.ndarray, shape (k, k)
        ``E[M (I + γ G M)^{-1}]``.
    angle : float
        The one of `matrix_kernels.transforms`.
    residual : float
        Largest entry of the difference of the two sides of the equation, relative to that of G.
    solved : bool
        Whether G is the solution.
    """

    z: complex
    G: np.ndarray
    slope: np.ndarray
    K: np.ndarray
    angle: float
    residual: float
    solved: bool

    @property
    def s(self):
        """``tr G/k``."""
        return complex(np.trace(self.G)) / len(self.G)

    @property
    def s_slope(self):
        """``ds/dz``."""
        return complex(np.trace(self.slope)) / len(self.G)

    @property
    def inside(self):
        """Whether x lies in the support: outside ``Im s = η s'``, which is real, to first order."""
        return self.s.imag > OUTSIDE * self.z.imag * abs(self.s_slope)

    @property
    def density(self):
        """``Im s/π`` at x, to second order in η; 0 outside the support."""
        if not self.inside:
            return 0.0
        return max(self.s.imag - self.z.imag * self.s_slope.real, 0.0) / np.pi

    @property
    def density_slope(self):
        """Its derivative in x."""
        return self.s_slope.imag / np.pi

    @property
    def real_part(self):
        """``Re s`` at x, to second order in η."""
        return self.s.real + self.z.imag * self.s_slope.imag

    def distribution(self, gamma):
        """F at x, to second order in η and in the error of G: see `matrix_equation`."""
        k = len(self.G)
        values = np.linalg.eigvals(self.z * np.eye(k) - self.K)
        arguments = np.arctan2(np.maximum(values.imag, 0.0), values.real).sum()
        # between x and z the imaginary part of the potential changes by η Re V' = -η Re s
        F = 1.0 - (arguments + self.angle / gamma) / (k * np.pi)
        return F - self.z.imag * self.s.real / np.pi
