import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rmt_hessian.model import kernels
from rmt_hessian.theory.weights import softmax_kernels as theory_kernels
from tests import oracles
from tests.tolerances import EXACT

matrices = arrays(np.float64, array_shapes(min_dims=2, max_dims=2), elements=st.floats(-700, 700))


@pytest.mark.parametrize("softmax", [kernels.softmax, theory_kernels.softmax])
@given(logits=matrices)
def test_softmax_equals_its_twin(softmax, logits):
    np.testing.assert_allclose(softmax(logits), oracles.softmax(logits), rtol=EXACT, atol=0)


def test_softmax_of_extreme_logits():
    p = kernels.softmax(np.array([[700.0, -700.0], [-700.0, -700.0], [1e300, -1e300]]))
    np.testing.assert_array_equal(p, [[1.0, np.exp(-1400.0)], [0.5, 0.5], [1.0, 0.0]])


@given(logits=matrices, label=st.integers(0, 9))
def test_label_losses_equal_their_twin(logits, label):
    """To the rounding of differences of logits, which their size sets."""
    labels = np.full(len(logits), label % logits.shape[1])
    np.testing.assert_allclose(
        kernels.label_losses(logits, labels),
        oracles.label_losses(logits, labels),
        rtol=EXACT * (1 + np.abs(logits).max()),
        atol=0,
    )


@given(a=matrices)
def test_relu_and_mask_equal_their_twin(a):
    for fast, slow in zip(kernels.relu_and_mask(a), oracles.relu_and_mask(a), strict=True):
        np.testing.assert_array_equal(fast, slow)
