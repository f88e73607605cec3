"""What the tests of trained softmax regression share."""

import itertools
from dataclasses import replace

import numpy as np

from rmt_hessian import Ensemble, Mixture
from rmt_hessian.theory import trained_softmax
from rmt_hessian.theory.trained.samples import TrainedSample
from rmt_hessian.theory.trained.softmax_prox import Fitted


def trained(K=4, d=300, N=1500, ridge=0.02, rho=3.0, **mixture):
    """A mixture of classes of one size."""
    ens = Ensemble([d, K], 0, "ce", N, inputs=Mixture(rho, **mixture))
    return trained_softmax(ens, ridge=ridge)


def all_orders(sample, n):
    """The first n samples with their classes in every order."""
    K = sample.unseen.shape[1]
    parts = []
    for order in map(list, itertools.permutations(range(K))):
        fitted = sample.fitted
        arrays = (sample.unseen, fitted.logits, fitted.probabilities, fitted.gradients)
        unseen, logits, p, g = (x[:n][:, order] for x in arrays)
        labels = np.argsort(order)[sample.labels[:n]]
        parts.append((unseen, logits, fitted.loss[:n], p, g, labels))
    unseen, logits, loss, p, g, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    masses = np.full(len(labels), 1 / len(labels))
    return TrainedSample(unseen, Fitted(logits, loss, p, g), labels, masses)


def some(directions, chosen):
    """Directions of a few samples."""
    gradients = directions.gradients[chosen]
    return replace(directions, mean=directions.mean[chosen], gradients=gradients)
