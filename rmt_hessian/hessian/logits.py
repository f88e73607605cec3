"""Where logits come from: the last layer, or an array of them; made for some samples and classes.

What is asked for is made anew each time, since C may be the vocabulary of a language model.

References
----------
``docs/computation.md`` §1.
"""

from dataclasses import dataclass

import numpy as np

from rmt_hessian._threads import ALL

LOG_OF_ZERO = -1e30  # finite, since differences are formed; its exponential is 0 all the same


@dataclass(frozen=True, eq=False)
class LinearLogits:
    """``f_n = W z_n + b``.

    Attributes
    ----------
    features : numpy.ndarray, shape (N, p)
    weights : numpy.ndarray, shape (C, p)
    bias : numpy.ndarray, shape (C,), or None
    """

    features: np.ndarray
    weights: np.ndarray
    bias: np.ndarray | None = None

    @property
    def shape(self):
        """``(N, C)``."""
        return len(self.features), len(self.weights)

    @property
    def dtype(self):
        """float64 or float32."""
        return self.features.dtype

    def __call__(self, samples=ALL, classes=ALL):
        """``f_nc``, (n, c), an array of its own; what overflows is infinite or NaN."""
        with np.errstate(over="ignore", invalid="ignore"):  # whoever asks looks for them
            f = self.features[samples] @ self.weights[classes].T
            if self.bias is not None:
                f += self.bias[classes]
        return f


@dataclass(frozen=True, eq=False)
class GivenLogits:
    """Logits over a temperature, ``f_n = l_n / T``; or from probabilities, ``f_n = log p_n``.

    Attributes
    ----------
    values : numpy.ndarray, shape (N, C)
        ``l_n``, or ``p_n``.
    dtype : numpy.dtype
        In which they are made.
    temperature : float, or None
        T; None for probabilities.
    """

    values: np.ndarray
    dtype: np.dtype
    temperature: float | None

    @property
    def shape(self):
        """``(N, C)``."""
        return self.values.shape

    def __call__(self, samples=ALL, classes=ALL):
        """``f_nc``, (n, c), an array of its own."""
        values = self.values[samples][:, classes]
        if self.temperature is None:
            f = np.full(values.shape, LOG_OF_ZERO, self.dtype)
            return np.log(values, out=f, where=values > 0)
        with np.errstate(over="ignore"):
            return (values / self.temperature).astype(self.dtype, copy=False)
