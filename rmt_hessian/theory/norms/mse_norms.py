"""Expected squared block norms for MSE, in closed form at any C, m, d and N."""

import numpy as np

from rmt_hessian.theory.norms.gram_pairs import SAME, angle_rule, sample_weights, tilted_angle_rule


def both_active(theta):
    """``P(g > 0, g' > 0)`` of two standard Gaussians with correlation ``sin θ`` (Sheppard)."""
    return 0.25 + theta / (2 * np.pi)


def relu_moments(theta):
    """``E[(relu(g) relu(g'))^k]``, k = 1 and 2: the arc-cosine kernels of orders 1 and 2."""
    sine, cosine = np.sin(theta), np.cos(theta)
    angle = np.pi / 2 + theta
    first = (cosine + angle * sine) / (2 * np.pi)
    second = (3 * sine * cosine + angle * (1 + 2 * sine**2)) / (2 * np.pi)
    return first, second


def mse_class_norms(model, d, N, m, gain, aspect_ratio=None):
    """Both norms per class: over ``C(C + 2)`` and C for the hidden layer, which the means over V
    of ``(v^i·v^i)²`` and ``(v^i·v^j)²`` contain; over d if an aspect ratio is given.
    """
    pair, same = sample_weights(d, N, aspect_ratio, hidden_features=model == "output")
    if model == "linear":
        return pair + same, 0.0
    if model == "output":
        overlaps = _feature_overlap(angle_rule(d), m), _feature_overlap(SAME, m)
        return gain**2 * (pair * overlaps[0] + same * overlaps[1]), 0.0
    theta, probabilities = tilted_angle_rule(d)
    both, scale = both_active(theta), (gain / m) ** 2
    diagonal = pair * (probabilities @ both) + same / 2
    off_diagonal = pair * (probabilities @ both**2) + same / 4
    return float(scale * diagonal), float(scale * off_diagonal)


def _feature_overlap(rule, m):
    """``E[(h·h')²]`` over q² and gain², m independent units."""
    theta, probabilities = rule
    first, second = relu_moments(theta)
    return float(m * (probabilities @ second) + m * (m - 1.0) * (probabilities @ first**2))


def mse_block_norms(model, C, d, N, m, gain):
    """``E‖H_ii‖_F²`` and ``E‖H_ij‖_F²``, i ≠ j."""
    diagonal, off_diagonal = mse_class_norms(model, d, N, m, gain)
    if model == "hidden":
        return C * (C + 2.0) * diagonal, C * off_diagonal
    return diagonal, off_diagonal
