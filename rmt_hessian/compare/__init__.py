"""Spectrum and law side by side, where simulation and theory meet.

``distances`` (Kolmogorov–Smirnov, Wasserstein), ``curves`` (the density, to be drawn),
``significance`` (the test whose p-value knows that eigenvalues repel), ``fits`` (a
Marchenko–Pastur law fitted to a spectrum), ``given_block`` and ``given_layer`` (the law of a block
or a layer of a sample, from its own weights and features), ``sample_law`` (what they return).
"""

from rmt_hessian.compare.curves import density_curve
from rmt_hessian.compare.distances import (
    ks_distance,
    ks_distance_of_spectra,
    wasserstein_distance,
)
from rmt_hessian.compare.fits import MarchenkoPasturFit, fit_marchenko_pastur
from rmt_hessian.compare.given_block import law_of_block
from rmt_hessian.compare.given_layer import law_of_layer
from rmt_hessian.compare.sample_law import SampleLaw
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
    "law_of_layer",
    "wasserstein_distance",
]
