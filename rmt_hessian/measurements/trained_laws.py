"""Softmax regression trained to its optimum, beside what theory predicts without training."""

from dataclasses import KW_ONLY, dataclass
from functools import lru_cache, partial

import numpy as np

from rmt_hessian.block_norms import ratio_of_share
from rmt_hessian.compare import ks_distance
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.blocks import BLOCKS
from rmt_hessian.measurements.outliers import ROUNDING, bulk_of, distance_to_bulk
from rmt_hessian.measurements.parameters import Classes, Correlation, Count, NotNegative, Positive
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.trained_outliers import orthonormal
from rmt_hessian.mixture import Mixture
from rmt_hessian.model.accuracy import accuracy
from rmt_hessian.model.mixtures import draw_mixture, mixture_means
from rmt_hessian.model.networks import Network
from rmt_hessian.model.training import mean_loss, train
from rmt_hessian.theory import trained_softmax

LARGEST_LAYER = 2600  # K d, beyond which a whole layer is not diagonalised
TEST_SAMPLES = 4  # times as many as in training
TOLERANCE = 1e-8  # of the gradient
RANKS = (np.arange(100) + 0.5) / 100  # of the quantiles of a law
LAWS = {"": False, "without_prox_": True}  # prefix of a distance: law of fresh samples or not


@dataclass(frozen=True)
class SoftmaxRun:
    """A softmax regression and its inputs: ``N(separation · m_y, I)``, classes of one size.

    With separation 0 labels are independent of the inputs. ``n_groups`` and ``correlation``: means
    m of a group of classes have that correlation; ``imbalance``: each class is as many times as
    frequent as the next one (1: classes of exactly one size).
    """

    _: KW_ONLY
    n_inputs: Count
    n_classes: Classes
    n_samples: Count
    ridge: Positive
    separation: NotNegative = 0.0
    n_groups: Count | None = None
    correlation: Correlation = 0.0
    imbalance: Positive = 1.0

    def __post_init__(self):
        if self.n_inputs <= self.n_classes:
            raise ValueError(
                f"n_inputs must be above n_classes, {self.n_classes}, got {self.n_inputs}"
            )
        if self.n_groups is None and self.correlation:
            raise ValueError(f"correlation means nothing without n_groups, got {self.correlation}")
        self.ensemble()

    @property
    def frequencies(self):
        """Of the classes, if they are not of one size."""
        if self.imbalance == 1.0:
            return None
        return tuple(self.imbalance ** -np.arange(float(self.n_classes)))

    @property
    def mixture(self):
        """The `Mixture`."""
        groups = None if self.n_groups is None else (self.n_groups, self.correlation)
        return Mixture(self.separation, groups, self.frequencies)

    def ensemble(self):
        """The `Ensemble`, without weights."""
        widths = [self.n_inputs, self.n_classes]
        return Ensemble(widths, 0, "ce", self.n_samples, inputs=self.mixture)

    def samples(self, rng):
        """Class means, training inputs and labels, and new ones."""
        d, K, N = self.n_inputs, self.n_classes, self.n_samples
        means = mixture_means(self.mixture, K, d, rng)
        given = Mixture(self.separation, None, self.frequencies, means)
        sizes = N, TEST_SAMPLES * N
        return means, *(draw_mixture(given, n, d, K, rng) for n in sizes)


def optimum(X, y, n_classes, ridge, start=None):
    """The network at the optimum of ``(1/N) Σ ℓ + (ridge/2) ‖V‖²``."""
    V = np.zeros((n_classes, X.shape[1])) if start is None else start
    path = train(Network([V]), X, y, "ce", weight_decay=ridge, tolerance=TOLERANCE, checkpoints=[])
    return path.network


def predicted_numbers(trained):
    """What `trained_numbers` measures, as theory has it."""
    norms = trained.block_norms()
    return {
        "train_loss": trained.train_loss,
        "train_accuracy": trained.train_accuracy,
        "test_loss": trained.test_loss,
        "test_accuracy": trained.test_accuracy,
        "weight_norm": trained.weight_norm,
        "ratio": norms.ratio,
        "share": norms.share,
    }


def trained_numbers(net, H, seen, new):
    """Losses and accuracies on both samples, ``‖V‖``, R and the share off the diagonal."""
    (V,) = net.weights
    share = H.off_diagonal_share()
    result = {}
    for name, (X, y) in (("train", seen), ("test", new)):
        result[f"{name}_loss"] = mean_loss(net, X, y, "ce")
        result[f"{name}_accuracy"] = accuracy(net, X, y)
    return result | {
        "weight_norm": float(np.linalg.norm(V)),
        "ratio": ratio_of_share(share, len(V)),
        "share": share,
    }


@measurement(version=1)
def trained_laws(rng, *, run: SoftmaxRun):
    """Train to the optimum: numbers, spectra and outliers beside their predictions.

    Numbers as in `trained_numbers`, with ``predicted_``, and the response ``a`` to the class means
    and the variance ``q`` of unseen logits beside it, means over ``1⊥``. Of blocks (0, 0) and
    (0, 1), and up to K d = 2600 of the layer: eigenvalues, quantiles of the law, distances to it
    and to the law without the proximal map, whose logits are those of samples not trained on.
    """
    known = _prediction(run)
    means, seen, new = run.samples(rng)
    net = optimum(*seen, run.n_classes, run.ridge)
    H = layer_hessian(net, seen[0], 0, "ce")
    result = trained_numbers(net, H, seen, new) | response(net.weights[0], means)
    result |= {f"predicted_{name}": value for name, value in known.numbers.items()}
    spans = [orthonormal(means), orthonormal(np.concatenate([means, net.weights[0]]))]
    for name, part in known.parts.items():
        matrix = H.to_dense() if name == "layer" else H.block(*BLOCKS[name])
        result |= _beside(name, matrix, part, spans)
    return result


@dataclass(frozen=True, eq=False)
class Part:
    """Laws of one block, or the layer, by prefix; their quantiles; outliers of the first."""

    laws: dict
    quantiles: dict
    outliers: list

    @classmethod
    def of(cls, law, outliers):
        """From a function of ``fresh``."""
        laws = {prefix: law(fresh=fresh) for prefix, fresh in LAWS.items()}
        quantiles = {prefix: law.ppf(RANKS) for prefix, law in laws.items()}
        return cls(laws, quantiles, outliers)


@dataclass(frozen=True, eq=False)
class Prediction:
    """All that theory says of a run, the same for every seed."""

    numbers: dict
    parts: dict


@lru_cache(maxsize=4)
def _prediction(run):
    trained = trained_softmax(run.ensemble(), ridge=run.ridge)
    numbers = predicted_numbers(trained) | {
        "a": _mean_over_classes(trained.state.means / (run.separation or 1.0)),
        "q": _mean_over_classes(trained.state.noise),
    }
    parts = {
        name: Part.of(partial(trained.block_law, *block), trained.block_outliers(*block))
        for name, block in BLOCKS.items()
    }
    if run.n_classes * run.n_inputs <= LARGEST_LAYER:
        parts["layer"] = Part.of(trained.layer_law, trained.layer_outliers())
    return Prediction(numbers, parts)


def response(V, means):
    """``a`` of trained weights, along class means of unit length, and ``q`` of their noise.

    The noise is seen across the means alone, in ``d - K`` of d dimensions, and scaled up.
    """
    V = V - V.mean(axis=0)
    Q = orthonormal(means)
    across = V - (V @ Q) @ Q.T
    of_all = Q.shape[0] / (Q.shape[0] - Q.shape[1])
    a, noise = _mean_over_classes(V @ means.T), _mean_over_classes(across @ across.T)
    return {"a": a, "q": of_all * noise}


def _mean_over_classes(matrix):
    """``tr(P matrix)/(K-1)``."""
    K = len(matrix)
    return float(np.trace(matrix) - matrix.sum() / K) / (K - 1)


def _beside(name, matrix, part, spans):
    """Spectrum and outliers of one matrix, of blocks of size d, beside their predictions.

    Of the predicted outliers that are farthest from the bulk, as many eigenvalues from that end of
    the spectrum, zeros left out: mean place, and mean squared overlaps with the class means, and
    with them and the weight rows; NaN without any.
    """
    values, vectors = np.linalg.eigh(matrix)
    result = {f"ks_{prefix}{name}": ks_distance(values, law) for prefix, law in part.laws.items()}
    columns = {"eigenvalues": values, "edges": np.array(bulk_of(part.laws[""]))}
    columns |= {f"{prefix}quantiles": values for prefix, values in part.quantiles.items()}
    lo, hi = columns["edges"]
    farthest = max(
        part.outliers, key=lambda outlier: distance_to_bulk(outlier.place, lo, hi), default=None
    )
    names = "place", "means_overlap", "overlap"
    found = dict.fromkeys(names, np.nan)
    known = found | {"multiplicity": 0}
    if farthest is not None:
        known = {key: getattr(farthest, key) for key in (*names, "multiplicity")}
        some = np.flatnonzero(np.abs(values) > ROUNDING * np.abs(values).max())
        n = farthest.multiplicity
        ends = some[-n:] if farthest.place > (lo + hi) / 2 else some[:n]
        found = {
            "place": values[ends].mean(),
            "means_overlap": _overlap(vectors[:, ends], spans[0]),
            "overlap": _overlap(vectors[:, ends], spans[1]),
        }
    columns |= found | {f"predicted_{key}": value for key, value in known.items()}
    return result | {f"{name}_{key}": value for key, value in columns.items()}


def _overlap(vectors, basis):
    """Mean squared norm of the projection of eigenvectors of a layer on directions of features."""
    k = len(vectors) // len(basis)
    parts = vectors.T.reshape(-1, k, len(basis)) @ basis
    return float(np.mean((parts**2).sum(axis=(1, 2))))
