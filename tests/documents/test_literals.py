"""What a comment states, what equals it, what is prose."""

import numpy as np
import pytest

from tests.documents.literals import equals, stated_by


@pytest.mark.parametrize(
    ("value", "comment"),
    [
        (0.00649, "0.006: on its law"),
        (0.00031, "3e-4"),
        (-2.0, "−2"),
        (131072, "131_072; classes"),
        (np.float64(0.125), "0.125"),
        (np.float32(0.1), "0.1000"),
        ((0.11163, 1, np.float64(0.741)), "0.1116, 1, 0.74: three"),
        ((0.11163, 1), "(0.1116, 1)"),
        ((np.array([1, 2]), True), "[1 2], True"),
        (np.array([1.0, 0.9749]), "[1.   0.97]"),
        (np.array([1.0, 2.0]), "[1. 2.]"),
        (np.array([[0.5, 1], [1, 0.25]]), "[[0.5  1.  ] [1.   0.25]]"),
        ([0.147, 0.1], "[0.147, 0.1]"),
        (np.array([0.5 + 1j, -0.25j]), "[0.5+1.j   0. -0.25j]"),
        (np.bool_(True), "True: it holds"),
        (None, "None"),
        ("a b", '"a b"'),
        (-np.inf, "-inf"),
        ((-0.0, np.nan), "0, nan"),
        (slice(0.12345, None), "slice(0.1234, None, None)"),
    ],
)
def test_values_that_are_equal(value, comment):
    assert equals(value, stated_by(comment))


@pytest.mark.parametrize(
    ("value", "comment"),
    [
        (0.0066, "0.006"),
        (0.00036, "3e-4"),
        (2.1, "2"),
        (131073, "131072"),
        (True, "1"),
        (1, "True"),
        ([1, 2], "1"),
        (1, "1, 2"),
        ((1, 2), "1, 2, 3"),
        (np.array([1.001, 0.9749]), "[1.    0.974]"),
        (np.array([1.0001, 1.0]), "[1. 1.]"),
        (0.5 - 1j, "0.5+1j"),
        ("a", "'b'"),
        (np.inf, "-inf"),
        (slice(0.12345, None), "slice(0.1236, None, None)"),
        (range(3), "slice(3)"),
    ],
)
def test_values_that_are_not(value, comment):
    stated = stated_by(comment)
    assert stated
    assert not equals(value, stated)


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "near 1",
        "8.4 million weights; many",
        "100 of the 5000 are 0: A 1 = 0",
        "1 - overlap: of two",
        "8000 × 8000",
        "(the mean)",
        "[0, x]",
        "f(x): a function",
        "E[M], 2",
        "[1, 2",
        ": 1",
    ],
)
def test_prose(comment):
    assert stated_by(comment) == []
