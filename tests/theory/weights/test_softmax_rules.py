"""Rules of softmax weights: logits of different laws, and the directions of the logits."""

import numpy as np
import pytest

from rmt_hessian.theory.weights import gauss_rules, softmax_rules
from tests import oracles


@pytest.mark.parametrize(("s", "t"), [(0.6, 1.7), (1.7, 0.6), (1.1, 1.1)])
def test_logits_of_different_laws_by_gauss_hermite(s, t):
    """Moments over the logits ``N(0.3, s²)`` and ``N(-0.5, t²)``, a two-point law of L beside them:
    products of 150-point rules, exact to 1e-9 for these smooth functions."""
    means, stds = np.array([0.3, -0.5]), np.array([s, t])
    others = np.array([0.2, 1.4]), np.array([0.7, 0.3])
    (f, P), (g, Q) = (
        gauss_rules.gaussian_rule(m, std, 150) for m, std in zip(means, stds, strict=True)
    )
    e, k = np.exp(f)[:, None, None], np.exp(g)[:, None]
    both = e * k / (e + k + np.exp(others[0])) ** 2
    alone = np.exp(f)[:, None] * np.exp(others[0]) / (np.exp(f)[:, None] + np.exp(others[0])) ** 2
    off_diagonal = softmax_rules.offset_off_diagonal_rule(means, stds, others, 0.1)
    diagonal = softmax_rules.offset_diagonal_rule(means[0], stds[0], others, 0.1)
    for n in (1, 2, 3):
        expected = np.einsum("fgl,f,g,l->", both**n, P, Q, others[1])
        found = off_diagonal.probabilities @ (-off_diagonal.nodes) ** n
        assert found == pytest.approx(expected, rel=1e-7)
        expected = np.einsum("fl,f,l->", alone**n, P, others[1])
        assert diagonal.probabilities @ diagonal.nodes**n == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("C", "std"), [(2, 1.0), (3, 1.0), (6, 1.4)])
@pytest.mark.parametrize("diagonal", [True, False])
def test_directions_of_the_logits(C, std, diagonal, rng):
    """``E[((q·u)² - 1) φ(λ)]`` of each kind of q against five standard errors of 400,000 draws."""
    u = rng.standard_normal((400_000, C))
    p = oracles.softmax(std * u)
    if diagonal or C == 2:
        vectors = [np.r_[C - 1, -np.ones(C - 1)], np.r_[0, 1, -1, np.zeros(C)][:C]]
    else:
        vectors = [np.r_[1, -1, np.zeros(C - 2)], np.r_[[C / 2 - 1] * 2, -np.ones(C - 2)]]
        vectors.append(np.r_[0, 0, 1, -1, np.zeros(C)][:C])
    lam = p[:, 0] * (1 - p[:, 0]) if diagonal else -p[:, 0] * p[:, 1]
    rule = softmax_rules.diagonal_rule if diagonal else softmax_rules.off_diagonal_rule
    rule = rule(C, 0.15, std)
    assert sum(d.multiplicity for d in rule.directions) == C - 1
    for direction, q in zip(rule.directions, vectors, strict=False):
        q = q / np.linalg.norm(q)
        draws = ((u @ q) ** 2 - 1) * lam / (0.9 - 0.5 * lam)
        predicted = direction.excess @ (rule.nodes / (0.9 - 0.5 * rule.nodes))
        assert abs(draws.mean() - predicted) < 5 * draws.std() / np.sqrt(draws.size)
