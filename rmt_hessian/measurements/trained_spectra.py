"""Spectra of the first layer along a training, beside the laws that may explain them.

Three laws of a block, of Gaussian inputs each. That of the *start* is the law given the weights
before training. The law *given* the weights of the moment is that of fresh inputs to the trained
network. The *conditional* law has the output Hessians of the very sample, which the weights were
trained on and depend on. Where the inputs are a mixture the first two are what one would wrongly
take.
"""

from itertools import combinations

import numpy as np

from rmt_hessian.compare import density_curve, ks_distance, ks_distance_of_spectra
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.blocks import BLOCKS
from rmt_hessian.measurements.output_rank import top_of_output_hessian
from rmt_hessian.spectra.eigenvalues import eigenvalues
from rmt_hessian.theory import block_law, conditional_law

LAWS = ("start", "given", "conditional")
CELLS = 150  # of a density that is drawn


def laws_of_start(net, loss, n_samples):
    """The law of each block given the weights of a network, by name."""
    ens = Ensemble(net.widths, 0, loss, n_samples).given(net)
    return {name: block_law(ens, *block) for name, block in BLOCKS.items()}


def trained_blocks(net, X, loss, fresh, start, *, noise=1.0):
    """Spectra of blocks (0, 0) and (0, 1) of one network and their distances to the three laws.

    To see what of a distance is due to the sample that the network was trained on, the same is
    done for fresh samples: distances of the law given the weights and of the conditional law to
    their spectra, means over the samples. Without any law, the mean distance of the spectrum to
    those of fresh samples, and the mean distance between two of these.

    Parameters
    ----------
    net : Network
    X : numpy.ndarray, shape (N, d)
        The inputs that it was trained on.
    loss : {"ce", "mse"}
    fresh : sequence of numpy.ndarray, shape (N, d)
        At least two samples of the law of X.
    start : mapping of str to SpectralLaw
        `laws_of_start` of the network before training.
    noise : float
        Standard deviation of a coordinate of the inputs within a class.

    Returns
    -------
    dict of str to number or numpy.ndarray
        Distances to the conditional law are NaN where the block is zero.
    """
    given = Ensemble(net.widths, 0, loss, len(X)).given(net)
    H, of_fresh = layer_hessian(net, X, 0, loss), [layer_hessian(net, Z, 0, loss) for Z in fresh]
    result = {}
    for name, block in BLOCKS.items():
        laws = {"start": start[name], "given": block_law(given, *block)}
        spectrum, laws["conditional"] = _spectrum_and_law(H, block, noise)
        others = [_spectrum_and_law(of, block, noise) for of in of_fresh]
        columns = {"eigenvalues": spectrum}
        for kind, law in laws.items():
            columns |= {f"ks_{kind}": _distance(spectrum, law), f"{kind}_curve": _curve(law)}
        columns |= {
            "fresh_ks_given": np.mean([ks_distance(x, laws["given"]) for x, _ in others]),
            "fresh_ks_conditional": np.mean([_distance(*pair) for pair in others]),
            "ks_fresh": np.mean([ks_distance_of_spectra(spectrum, x) for x, _ in others]),
            "fresh_ks_fresh": np.mean(
                [ks_distance_of_spectra(x, y) for (x, _), (y, _) in combinations(others, 2)]
            ),
        }
        result |= {f"{name}_{key}": value for key, value in columns.items()}
    return result


def _spectrum_and_law(H, block, noise):
    """Eigenvalues of a block and its conditional law."""
    weights = noise**2 * H.block_weights(*block)
    return eigenvalues(H.block(*block)), conditional_law(weights, H.block_size)


def _distance(spectrum, law):
    """NaN to an atom alone, on which the spectrum lies whatever theory says."""
    return ks_distance(spectrum, law) if law.atom_at_zero < 1 else np.nan


def _curve(law):
    """Points and densities, (2, CELLS); NaN where the law is an atom alone."""
    curve = density_curve(law, CELLS)
    return curve if curve.size else np.full((2, CELLS), np.nan)


def trained_output(net, X, loss):
    """Gap λ_C/λ_{C-1} of E[M] of the hidden layer, seen and predicted; overlap with its frame.

    Empty where the rank C-1 means nothing: another loss than CE, no hidden layer, or C >= m.
    """
    if loss != "ce" or len(net.widths) != 3 or net.widths[-1] >= net.widths[1]:
        return {}
    given = Ensemble(net.widths, 0, loss, len(X)).given(net)
    top = top_of_output_hessian(given, net, layer_hessian(net, X, 0, loss))
    kept = "gap", "predicted_gap", "overlap", "eigenvalues"
    return {f"output_{key}": top[key] for key in kept}


def along_path(rows):
    """Columns of a path from those of its networks: arrays along it, and its ends.

    Of each number ``initial_`` and ``final_``, and of distances to laws ``largest_``.
    """
    arrays = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    result = dict(arrays)
    for name, values in arrays.items():
        if values.ndim == 1:
            result |= {f"initial_{name}": values[0], f"final_{name}": values[-1]}
            if "ks_" in name:
                result[f"largest_{name}"] = np.nanmax(values)
    return result
