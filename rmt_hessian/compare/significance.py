r"""A Kolmogorov–Smirnov test of a spectrum against a law, for eigenvalues, which repel.

The distance D of n independent draws is of the order ``1/√n``. Eigenvalues are rigid: their number
below a point fluctuates by ``√log n`` only, as a Gaussian field with logarithmic correlations does,
so that n D grows like log n (Claeys, Fahs, Lambert and Webb 2021). The p-value of
`scipy.stats.kstest` is close to 1 for every true law, and for many wrong ones.

**Null distribution.** No closed form is known; this one is calibrated by simulation. Of p
eigenvalues, n of them not null,

    ``p D ≈ mean + sd · G``,   ``mean = 0.555 + 0.399 log n + 0.386/n + 0.127 r``,
    ``sd = 0.289 + 0.0155 log n + 0.0416 r``,

G the Pearson III law (a shifted gamma law) of mean 0, variance 1 and skewness 0.66; r, the mean
over the law of the log repulsion of `rmt_hessian.theory.laws.repulsion`, with p/n in place of 1:
what the law has to say, by the variances of its counts. Fitted to 66 sets of 800 to 20,000 spectra
of real Gaussian features: Marchenko–Pastur laws of γ = 0.02, ½, 0.9 and 1, signed, spread and
two-valued weights, populations of 2 to 10 values, and both, in 1 to 10 components, n = 10 … 1000,
``-2.2 < r < 0.2``. At 5 % it rejects 3.4 to 6.4 % of each set; of components of fewer than ten
eigenvalues 2.5 to 3 %. Of 18 new sets of 2,000 (classical laws; softmax, exponential and signed
weights and populations that were not fitted; n = 50 … 400) it rejected 3.3 to 6.3 %, with a
standard error of 0.5 % each, and 4.8 % of all; the three extreme ones 4.8 to 5.5 % with 8,000.
``tests/claims/test_ks_test.py`` holds such sets to 5 % ± 1 %.

References
----------
``docs/laws.md`` §10: *A test*; Claeys, Fahs, Lambert and Webb (2021): rigidity.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import pearson3

from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._types import HasCDF
from rmt_hessian.compare.distances import ks_distance
from rmt_hessian.theory.laws.free_convolution import FreeConvolution
from rmt_hessian.theory.laws.matrix_law import MatrixLaw
from rmt_hessian.theory.laws.repulsion import mean_repulsion
from rmt_hessian.theory.laws.spectral_law import SpectralLaw

FEWEST = 10  # eigenvalues of the simulations
STRONGEST = -2.5  # r of the simulations, nearly; p-values are too large below
SKEWNESS = 0.66


class KSTestResult(NamedTuple):
    """What `ks_test` returns.

    Attributes
    ----------
    statistic : float
        The Kolmogorov–Smirnov distance.
    pvalue : float
        Probability of a distance of at least this, if the spectrum follows the law.

    References
    ----------
    ``docs/laws.md`` §10.
    """

    statistic: float
    pvalue: float


def ks_test(eigenvalues: ArrayLike, law: HasCDF) -> KSTestResult:
    """Kolmogorov–Smirnov test of a spectrum against a law; its p-value knows of the repulsion.

    Parameters
    ----------
    eigenvalues : array_like, shape (p,)
        All of them, null ones included, in any order; outliers left out.
    law : object with ``cdf`` and ``support``
        Of the very sample: its weights, as `theory.conditional_law` has them, and its ratio p/N.

    Returns
    -------
    KSTestResult
        ``(statistic, pvalue)``.

    Raises
    ------
    ValueError
        If the eigenvalues are not finite, those of the continuous part are fewer than 10, or the
        law is one of a layer or a `FreeConvolution`, of which the distances were not simulated.

    Notes
    -----
    Calibrated by simulation: of p eigenvalues, n not null, ``p D`` is taken for a shifted gamma law
    whose mean and standard deviation grow with log n. It is the test

    * of a block or a sample covariance: eigenvalues of a whole layer fluctuate more, as they come
      in groups of its units' (40 % of true spectra of three units are rejected at 5 %);
    * of Gaussian features, or of fourth moment near 3: at 5 % and p = 100 it rejects 2 % of true
      spectra of random signs (fourth moment 1), 20 to 23 % of Student and Laplace ones (6);
    * given the weights: of weights that were drawn, against the law of their distribution, most
      true spectra are rejected, as the weights fluctuate by ``1/√N``, more than the eigenvalues;
    * without outliers: each may move a count by 1;
    * of a law that was not fitted to the spectrum, else the p-value is too large, as it is for
      components of a handful of eigenvalues.

    For laws other than `GeneralizedMarchenkoPastur`, `SeparableLaw` and `WithNullSpace` of them, r
    counts as 0, one component.

    References
    ----------
    ``docs/laws.md`` §10; rigidity: Claeys, Fahs, Lambert and Webb (2021).

    Examples
    --------
    >>> from rmt_hessian.theory import MarchenkoPastur
    >>> X = np.random.default_rng(0).standard_normal((400, 200))
    >>> spectrum = np.linalg.eigvalsh(X.T @ X / 400)
    >>> bool(ks_test(spectrum, MarchenkoPastur(0.5)).pvalue > 0.05)
    True
    >>> bool(ks_test(spectrum, MarchenkoPastur(0.5, scale=1.03)).pvalue < 0.01)  # 3 % off
    True
    """
    if isinstance(getattr(law, "law", law), MatrixLaw):
        raise ValueError(f"law must be that of a block, not of a layer, got {law!r}")
    if isinstance(getattr(law, "law", law), FreeConvolution):
        wanted = "of features whose covariance is known: given their spectrum values fluctuate less"
        raise ValueError(f"law must be {wanted}, got {law!r}")
    distance = ks_distance(eigenvalues, law)
    p = finite_array(eigenvalues, "eigenvalues", ndim=1).size
    n = p * (1.0 - getattr(law, "atom_at_zero", 0.0))
    if n < FEWEST:
        raise ValueError(
            f"eigenvalues must be at least {FEWEST} beside the atom of the law, got {n:.3g}"
        )
    null = _null_distribution(n, _repulsion(law, p / n))
    return KSTestResult(distance, float(null.sf(p * distance)))


def critical_distance(n_eigenvalues: int, level: float) -> float:
    """Distance to its law that a spectrum of one block exceeds with the probability ``level``.

    That of `ks_test` at r = 0, one component without an atom; of most others it is smaller.

    Examples
    --------
    >>> round(critical_distance(400, 0.05), 4)
    0.0091
    """
    return float(_null_distribution(float(n_eigenvalues), 0.0).isf(level)) / n_eigenvalues


def _null_distribution(n: float, r: float) -> Any:
    """Of p D, n eigenvalues beside the atom."""
    mean = 0.555 + 0.399 * np.log(n) + 0.386 / n + 0.127 * r
    deviation = 0.289 + 0.0155 * np.log(n) + 0.0416 * r
    return pearson3(SKEWNESS, mean, deviation)


def _repulsion(law: HasCDF, per_eigenvalue: float) -> float:
    """r, 0 where the law does not know it."""
    of_law = mean_repulsion(law) if isinstance(law, SpectralLaw) else np.nan
    return 0.0 if np.isnan(of_law) else max(of_law + float(np.log(per_eigenvalue)), STRONGEST)
