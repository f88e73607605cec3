"""Spectrum and law side by side, where simulation and theory meet.

``distances`` (Kolmogorov–Smirnov, Wasserstein), ``significance`` (the test whose p-value knows that
eigenvalues repel), ``fits`` (a Marchenko–Pastur law fitted to a spectrum), ``given_features`` (the
law of a block of a sample, from its own weights and features).
"""

from rmt_hessian.compare.distances import (
    density_curve,
    ks_distance,
    ks_distance_of_spectra,
    wasserstein_distance,
)
from rmt_hessian.compare.fits import MarchenkoPasturFit, fit_marchenko_pastur
from rmt_hessian.compare.given_features import SampleLaw, law_of_block
from rmt_hessian.compare.significance import KSTestResult, ks_test

__all__ = [
    "KSTestResult",
    "MarchenkoPasturFit",
    "SampleLaw",
    "density_curve",
    "fit_marchenko_pastur",
    "ks_distance",
    "ks_distance_of_spectra",
    "ks_test",
    "law_of_block",
    "wasserstein_distance",
]
