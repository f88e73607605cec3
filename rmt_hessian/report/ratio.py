"""A ratio of means over seeds, its standard error, and how both are told."""

import numpy as np


def ratio_of_means(group, above="off_diagonal_norm2", below="diagonal_norm2"):
    """The mean of a column over that of another, and its standard error (delta method).

    ``R = mean a/mean b``; ``Var R ≈ ∇Rᵀ Cov ∇R / n`` with the sample covariance. Of several
    columns below, the geometric mean of their means. NaN error for one seed.
    """
    below = [below] if isinstance(below, str) else list(below)
    a, b = group[above].to_numpy(dtype=float), group[below].to_numpy(dtype=float)
    means = b.mean(axis=0)
    geometric = np.prod(means ** (1 / len(below)))
    ratio, n = float(a.mean() / geometric), len(a)
    if n == 1:
        return ratio, np.nan
    influence = a / geometric - ratio * (b / means).mean(axis=1)  # of a seed on R
    return ratio, float(influence.std(ddof=1) / np.sqrt(n))


def with_error(value, error):
    """``"0.5 ± 0.1"``, a number alone where there is no error."""
    return f"{value:.4g} ± {error:.2g}" if error > 0 else f"{value:.4g}"
