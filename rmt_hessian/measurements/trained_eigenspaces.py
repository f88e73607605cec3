"""[W] on trained networks: eigenspaces and Kronecker structure at the start and at the end."""

from typing import Annotated

import numpy as np

from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.kronecker import beside_its_factors
from rmt_hessian.measurements.kronecker_structure import (
    autocorrelation,
    decoupled,
    eigenvectors,
    error_of_own_product,
    gradients,
    output_space,
)
from rmt_hessian.measurements.layer_view import LayerView
from rmt_hessian.measurements.parameters import Count
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.top_spaces import (
    determined_overlaps,
    mean_of_known,
    overlaps_of_products,
    peak_of,
    top_spaces,
)
from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.measurements.training_ends import columns_of_ends
from rmt_hessian.model.accuracy import accuracy
from rmt_hessian.spectra.matching import (
    overlap_up_to_permutation,
    random_overlaps_up_to_permutation,
)
from rmt_hessian.theory import overlap_peak, population_factors

ENDS = {"initial": 0, "final": -1}
N_RANDOM, N_STARTS = 5, 10  # pairs of random spaces; starts of the search for an order of units
LARGEST = 4096  # rows of eigenvectors for whose units an order is sought: of more it takes minutes

OF_OUTPUT_HESSIANS = (
    "output_overlap",
    "matched_output_overlap",
    "random_matched_overlap",
    "largest_random_matched_overlap",
)


def with_relu_and_cross_entropy(run):
    """Refuse a run that the predictions are not for."""
    if (run.loss, run.activation) != ("ce", "relu"):
        raise ValueError(
            f"loss must be 'ce' and activation 'relu', got {run.loss!r} and {run.activation!r}"
        )


@measurement(version=1)
def trained_eigenspaces(
    rng, *, run: Annotated[TrainingRun, with_relu_and_cross_entropy], n_top: Count
):
    """Two independent networks learn one sample: what [W] says of them, before and after.

    Each number has a column an end of the training and a layer, ``initial_gap_0``, ``final_gap_0``;
    arrays have a layer, ``overlaps_0``, and as first axis the two ends. Overlaps are of the two
    networks, all else of the first: `in_pair`, and the functions of
    `rmt_hessian.measurements.kronecker_structure`; ``gaussian_error`` is the relative error of the
    decoupling on Gaussian inputs of the same mean and covariance. Of the whole network of the
    first: `beside_its_factors`, ``initial_network_…``.

    Parameters
    ----------
    rng : numpy.random.Generator
    run : TrainingRun
        With cross-entropy and ReLU. Data as grey values, ``standardised=False``, have the strong
        mean of the inputs of [W].
    n_top : int
        Eigenvectors looked at: at least C - 1, at most the weights of the smallest layer. Peaks are
        looked for among so many dimensions.
    """
    fewest, most = run.widths[-1] - 1, min(np.multiply(run.widths[1:], run.widths[:-1]))
    if not fewest <= n_top <= most:
        wanted = f"{fewest} … {most}, from the classes but one to the weights of the smallest layer"
        raise ValueError(f"n_top must be in {wanted}, got {n_top}")
    first = run.train(rng, checkpoints=1)
    paths = first.path, first.another(rng, checkpoints=1).path
    X, y = first.X, first.y
    moments = {
        "input_mean": X.mean(axis=0),
        "input_covariance": np.atleast_2d(np.cov(X.T, bias=True)),
    }
    gaussian = rng.multivariate_normal(*moments.values(), size=len(X), method="eigh")
    result, ends = {}, []
    for end, at in ENDS.items():
        nets = [path.networks[at] for path in paths]
        result |= {
            f"{end}_loss": paths[0].losses[at],
            f"{end}_accuracy": accuracy(nets[0], X, y),
            f"{end}_fresh_accuracy": accuracy(nets[0], first.fresh_X, first.fresh_y),
        }
        factors = [population_factors(net.weights, "ce", **moments, rng=rng) for net in nets]
        columns = {}
        for layer in range(len(run.widths) - 1):
            views = [
                LayerView(net, layer, X, y, predicted[layer], moments, n_top)
                for net, predicted in zip(nets, factors, strict=True)
            ]
            row = in_pair(*views, rng)
            for seen in (autocorrelation, eigenvectors, decoupled, output_space, gradients):
                row |= seen(views[0])
            row["gaussian_error"] = error_of_own_product(
                layer_hessian(nets[0], gaussian, layer, "ce")
            )
            columns |= {f"{name}_{layer}": value for name, value in row.items()}
        whole = beside_its_factors(nets[0], X, y, n_top)
        columns |= {f"network_{name}": value for name, value in whole.items()}
        ends.append(columns)
    return result | columns_of_ends(*ends)


def in_pair(first, second, rng):
    """Overlaps of the top eigenspaces of one layer of two networks, by dimension, and predicted.

    ``kronecker_overlaps`` are those of the products of the sample's factors, ``predicted_overlaps``
    of the factors from the weights; the distances are means over dimensions. The peak is where the
    overlap is most above that of random spaces, q/(k p); predicted from the sample's factors, mean
    over the networks. Also of gradient covariances and of ``normalised`` features, and of the
    output Hessians up to the order of the units, beside random spaces (hidden layers).
    """
    views, n_top = (first, second), first.n_top
    k, p = first.H.n_blocks, first.H.block_size
    by_chance = np.arange(1, n_top + 1) / (k * p)
    overlaps = _overlaps(views, "H")
    result = {"overlaps": overlaps}
    for name, products in (
        ("kronecker", [view.product for view in views]),
        ("predicted", [view.predicted for view in views]),
    ):
        of_products = overlaps_of_products(products, n_top)
        result[f"{name}_overlaps"] = of_products
        result[f"{name}_distance"] = mean_of_known(np.abs(overlaps - of_products))
    for prefix, of in (("", "H"), ("gradient_", "gradients"), ("normalised_", "normalised")):
        found = _overlaps(views, of)
        peak, excess = peak_of(found - by_chance)
        result |= {
            f"{prefix}overlaps": found,
            f"{prefix}peak": peak,
            f"{prefix}peak_excess": excess,
        }
    return result | {
        "predicted_peak": np.mean([_predicted_peak(view.product) for view in views]),
        "random_overlap": by_chance[first.rank - 1],
        "overlap_at_rank": overlaps[first.rank - 1],
        "overlap_at_units": overlaps[k - 1] if k <= n_top else np.nan,
        **_matched_layers(views, rng),
        **_matched_output_hessians(views, rng),
    }


def _predicted_peak(product):
    return overlap_peak(product) if product.trace() > 0 else np.nan


def _overlaps(views, of):
    return determined_overlaps(*(view.spaces(of) for view in views))


def _matched_layers(views, rng):
    """Of the top C - 1 eigenvectors of the layer, up to the order of its hidden units.

    Units of the first layer; features of the last one, whose classes stay. Empty of others, whose
    units and features both have an order of their own, and of many weights.
    """
    layer, last = views[0].layer, len(views[0].net.weights) - 1
    shape = k, p = views[0].H.n_blocks, views[0].H.block_size
    if last == 0 or 0 < layer < last or k * p > LARGEST:
        return {}
    if not all(view.spaces("H").separated[view.rank - 1] for view in views):
        return {"matched_overlap": np.nan}
    frames = [view.spaces("H").vectors[:, -view.rank :] for view in views]
    if layer == last:
        shape = p, k
        frames = [U.reshape(k, p, -1).swapaxes(0, 1).reshape(p * k, -1) for U in frames]
    found = overlap_up_to_permutation(*frames, shape=shape, n_starts=N_STARTS, rng=rng)
    return {"matched_overlap": found.overlap}


def _matched_output_hessians(views, rng):
    """Of the top C - 1 eigenspaces of E[M] up to the order of hidden units, beside random spaces.

    In the order given too: ``output_overlap``.
    """
    if not views[0].is_hidden:
        return {}
    spaces = [top_spaces(view.product.left, view.rank) for view in views]
    if not all(space.separated[-1] for space in spaces):
        return dict.fromkeys(OF_OUTPUT_HESSIANS, np.nan)
    frames = [space.vectors for space in spaces]
    found = overlap_up_to_permutation(*frames, n_starts=N_STARTS, rng=rng)
    random = random_overlaps_up_to_permutation(
        *frames, n_draws=N_RANDOM, n_starts=N_STARTS, rng=rng
    )
    values = found.plain_overlap, found.overlap, random.mean(), random.max()
    return dict(zip(OF_OUTPUT_HESSIANS, values, strict=True))
