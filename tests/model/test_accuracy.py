"""Shares of labels that a network has right: ties are errors, labels are checked."""

import numpy as np
import pytest

import rmt_hessian as rh
from rmt_hessian.model.accuracy import accuracy

NET = rh.Network.random([5, 7, 4], rng=0)
X = np.random.default_rng(1).standard_normal((50, 5))


def test_without_ties_it_is_that_of_the_largest_logit():
    y = np.random.default_rng(2).integers(0, 4, 50)
    assert accuracy(NET, X, y) == np.mean(NET(X).argmax(axis=1) == y)
    assert accuracy(NET, X, NET(X).argmax(axis=1)) == 1


def test_a_tie_is_an_error():
    assert accuracy(rh.Network([np.zeros((4, 5))]), X, np.zeros(50, int)) == 0


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0], ValueError, "labels must be one a sample, 50, got 1"),
        (np.full(50, 4), IndexError, "labels must lie in 0 … 3"),
        (np.full(50, -1), ValueError, "labels must lie in 0 … 3"),
        (np.full(50, 0.5), ValueError, "labels must be integers"),
    ],
)
def test_labels_that_are_none(labels, error, message):
    with pytest.raises(error, match=message):
        accuracy(NET, X, labels)
