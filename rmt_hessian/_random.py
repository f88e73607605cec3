"""Random state: whatever NumPy can make a generator of is taken, everywhere, by one function."""

from __future__ import annotations

import numpy as np

from rmt_hessian._checks.arguments import describe
from rmt_hessian._types import RandomState


def random_generator(rng: RandomState, name: str = "rng") -> np.random.Generator:
    """Return a `numpy.random.Generator`.

    Parameters
    ----------
    rng : None, int, SeedSequence, BitGenerator, Generator or RandomState
        A generator is returned as it is and moves on with every draw; an int or a `SeedSequence`
        begins a stream, the same one every time; None a fresh one; a `RandomState` seeds one.

    Raises
    ------
    ValueError
        If NumPy can make no generator of it.

    Examples
    --------
    >>> bool(random_generator(0).random() == np.random.default_rng(0).random())
    True
    """
    wanted = f"{name} must be None, an int that is not negative, a SeedSequence or a Generator"
    if isinstance(rng, np.random.RandomState):
        rng = rng.randint(0, 2**32, size=8, dtype=np.uint32)  # moves it on; 256 bits
    if isinstance(rng, bool | np.bool_ | str | bytes | float | set):
        raise ValueError(f"{wanted}, got {describe(rng)}")
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ValueError(f"{wanted}, got {describe(rng)}") from None
