"""The frame of the plane of two samples' features: one that every machine finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory.norms.hidden_pairs import planes
from tests.tolerances import EXACT


@given(
    st.integers(2, 6), st.integers(0, 2**32 - 1), st.sampled_from(["two", "same", "zero", "few"])
)
def test_frames_hold_both_features_and_do_not_turn_with_rounding(m, seed, kind):
    """Also of one sample twice, of features of zeros and of two that have one active unit."""
    rng = np.random.default_rng(seed)
    features = np.maximum(rng.standard_normal((20, m, 2)), 0.0)
    if kind == "same":
        features[:, :, 1] = features[:, :, 0]
    if kind == "zero":
        features[::2, :, 0] = 0.0
    if kind == "few":
        features[:, 1:] = 0.0
    Q, coordinates = planes(features)
    np.testing.assert_allclose(Q @ coordinates, features, atol=EXACT)
    gram = Q.transpose(0, 2, 1) @ Q  # a projector: where one direction is enough, a column is 0
    np.testing.assert_allclose(gram @ gram, gram, atol=EXACT)
    columns, ranks = np.trace(gram, axis1=1, axis2=2), np.linalg.matrix_rank(features, tol=1e-9)
    assert (columns > ranks - 0.5).all()
    if kind == "same":
        np.testing.assert_allclose(columns, 1.0, atol=EXACT)

    moved = features * (1 + 1e-15 * rng.uniform(-1, 1, features.shape))
    np.testing.assert_allclose(planes(moved)[0], Q, atol=1e-9)
