"""Laws of hidden layers given random V, r from 0.5 to 2: none fails, and all are what they must be.

``STRESS=1`` runs 200 of them.
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from rmt_hessian import Ensemble
from rmt_hessian.theory import layer_law
from rmt_hessian.theory.weights.given_weights import GivenWeights, gaussian_points
from tests.theory.laws.test_matrix_layer_edge import assert_sound

CASES = 200 if os.environ.get("STRESS") else 20
N_SAMPLES = 10**6


@pytest.mark.parametrize("seed", range(CASES))
def test_random_layers(seed):
    """C from 2 to 20, m up to 8, weights of standard deviation 0.1 to 2, by both losses."""
    rng = np.random.default_rng(seed)
    C, m, loss = int(rng.integers(2, 21)), int(rng.integers(1, 9)), ("ce", "mse")[seed % 2]
    V = rng.standard_normal((C, m)) * rng.choice([0.1, 1 / np.sqrt(m), 1.0, 2.0])
    u = np.concatenate(list(gaussian_points(m, 0, log2_points=7)))
    ens = Ensemble([1, m, C], 0, loss, N_SAMPLES, weights=[None, V])
    M = GivenWeights.of(ens).output_hessians(u)
    rank = np.linalg.matrix_rank(M, hermitian=True).mean()
    d = round(N_SAMPLES * rank / m / 2 ** rng.uniform(-1, 1))
    ens = replace(ens, widths=[d, m, C])
    law = layer_law(ens)
    ratio = rank / (m * ens.aspect_ratio)
    assert law.atom_at_zero == pytest.approx(max(0.0, 1 - ratio), abs=1e-4)
    assert law.interpolation_error < 1e-4
    assert_sound(law)
