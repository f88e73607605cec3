"""Spectrum and law side by side, where simulation and theory meet.

``distances`` (Kolmogorov–Smirnov, Wasserstein), ``significance`` (the test whose p-value knows that
eigenvalues repel), ``fits`` (a Marchenko–Pastur law fitted to a spectrum).
"""

from rmt_hessian.compare.distances import (
    density_curve,
    ks_distance,
    ks_distance_of_spectra,
    wasserstein_distance,
)
from rmt_hessian.compare.fits import MarchenkoPasturFit, fit_marchenko_pastur
from rmt_hessian.compare.significance import KSTestResult, ks_test

__all__ = [
    "KSTestResult",
    "MarchenkoPasturFit",
    "density_curve",
    "fit_marchenko_pastur",
    "ks_distance",
    "ks_distance_of_spectra",
    "ks_test",
    "wasserstein_distance",
]
