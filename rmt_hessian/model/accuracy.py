"""Which labels a network has right."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rmt_hessian._checks.arguments import instance_of
from rmt_hessian._checks.arrays import indices_below
from rmt_hessian._types import BoolArray, FloatArray, IntArray
from rmt_hessian.model.losses import check_label_range
from rmt_hessian.model.networks import Network


def accuracy(net: Network, X: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples whose label has the largest logit, above all others: ties are errors.

    Parameters
    ----------
    net : Network
    X : array_like, shape (N, d)
    labels : array_like of int, shape (N,)

    Returns
    -------
    float

    Raises
    ------
    ValueError
        On bad inputs, or if there is not one label a sample.
    IndexError
        If there is no such class.

    Examples
    --------
    >>> net = Network([[[1.0], [-1.0]]])
    >>> accuracy(net, [[1.0], [2.0], [-1.0], [0.0]], [0, 0, 0, 0])
    0.5
    """
    logits = instance_of(net, Network, "net")(X)
    y = indices_below(labels, net.widths[-1], "labels")
    check_label_range(np.asarray(labels), net.widths[-1])  # no negative ones
    if len(y) != len(logits):
        raise ValueError(f"labels must be one a sample, {len(logits)}, got {len(y)}")
    return float(fitted(logits, y).mean())


def fitted(logits: FloatArray, labels: IntArray) -> BoolArray:
    """Of which samples the label's logit is above all others, (N,): ties are errors."""
    own = np.eye(logits.shape[1], dtype=bool)[labels]
    return logits[own] > np.where(own, -np.inf, logits).max(axis=1)
