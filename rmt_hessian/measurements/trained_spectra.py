"""Spectra of the first layer along a training, beside the laws that may explain them.

Three laws of a block, of Gaussian inputs each. That of the *start* is the law given the weights
before training. The law *given* the weights of the moment is that of fresh inputs to the trained
network. The *conditional* law has the output Hessians of the very sample, which the weights were
trained on and depend on. Where the inputs are a mixture the first two are what one would wrongly
take.
"""

from typing import Annotated

import numpy as np

from rmt_hessian.compare import ks_distance, ks_distance_of_spectra
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.blocks import BLOCKS
from rmt_hessian.measurements.output_rank import top_of_output_hessian
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.trained import NOISE, TrainingRun
from rmt_hessian.measurements.trained_outliers import trained_outliers
from rmt_hessian.spectra.eigenvalues import eigenvalues
from rmt_hessian.theory import block_law, conditional_law

LAWS = ("start", "given", "conditional")
NOISES = {"gaussian": 1.0, "mixture": 1.0, "clusters": NOISE}  # of a coordinate within a class


def explained_by_laws(run):
    """Refuse a run whose first layer has no law here, or a Hessian that does not depend on it."""
    if len(run.widths) > 3:
        raise ValueError(f"widths must be two or three numbers, got {run.widths}")
    if run.widths[1] < 2:
        raise ValueError(f"widths[1] must be at least 2, got {run.widths[1]}")
    if run.activation != "relu":
        raise ValueError(f"activation must be 'relu', got {run.activation!r}")
    if run.inputs not in NOISES:
        wanted = " or ".join(map(repr, NOISES))
        raise ValueError(f"inputs must be {wanted}: others are not white, got {run.inputs!r}")
    if len(run.widths) == 2 and run.loss == "mse":
        raise ValueError("loss must be 'ce': the Hessian of a linear model with 'mse' is constant")


@measurement(version=2, stream=1)
def trained_spectra(rng, *, run: Annotated[TrainingRun, explained_by_laws]):
    """Spectra, outliers and output Hessian of the first layer at each checkpoint of a training.

    Arrays along the path, and of numbers their ends: see `trained_blocks`, `trained_outliers`,
    `trained_output` and `along_path`.
    """
    trained, noise = run.train(rng), NOISES[run.inputs]
    X, path = trained.X, trained.path
    start = laws_of_start(path.networks[0], run.loss, run.n_samples)
    rows = [
        {
            **trained_blocks(net, X, trained.fresh_X, run.loss, start, noise=noise),
            **trained_outliers(net, X, trained.y, run.loss, rng, noise=noise),
            **trained_output(net, X, run.loss),
        }
        for net in path.networks
    ]
    return {
        "checkpoint_steps": path.steps,
        "losses": path.losses,
        "initial_loss": path.losses[0],
        "final_loss": path.losses[-1],
        **along_path(rows),
    }


def laws_of_start(net, loss, n_samples):
    """The law of each block given the weights of a network, by name."""
    ens = Ensemble(net.widths, 0, loss, n_samples).given(net)
    return {name: block_law(ens, *block) for name, block in BLOCKS.items()}


def trained_blocks(net, X, fresh, loss, start, *, noise=1.0):
    """Spectra of blocks (0, 0) and (0, 1) of one network and their distances to the three laws.

    To see what of a distance is due to the sample that the network was trained on, the same is done
    for a fresh one: distances of its spectrum to the law given the weights and to its conditional
    law. Without any law, the distance between the two spectra.

    Parameters
    ----------
    net : Network
    X, fresh : numpy.ndarray, shape (N, d)
        The inputs that it was trained on, and a sample of the same law.
    loss : {"ce", "mse"}
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
    H, of_fresh = (layer_hessian(net, Z, 0, loss) for Z in (X, fresh))
    result, d = {}, net.widths[0]
    ranks = (np.arange(d) + 0.5) / d  # of the eigenvalues, which quantiles stand beside
    for name, block in BLOCKS.items():
        laws = {"start": start[name], "given": block_law(given, *block)}
        spectrum, laws["conditional"] = _spectrum_and_law(H, block, noise)
        other, law_of_other = _spectrum_and_law(of_fresh, block, noise)
        columns = {"eigenvalues": spectrum}
        for kind, law in laws.items():
            columns |= {
                f"ks_{kind}": ks_distance(spectrum, law),
                f"{kind}_quantiles": law.ppf(ranks),
            }
        columns |= {
            "ks_conditional": _conditional_distance(spectrum, laws["conditional"]),
            "fresh_ks_given": ks_distance(other, laws["given"]),
            "fresh_ks_conditional": _conditional_distance(other, law_of_other),
            "ks_fresh": ks_distance_of_spectra(spectrum, other),
        }
        result |= {f"{name}_{key}": value for key, value in columns.items()}
    return result


def _spectrum_and_law(H, block, noise):
    """Eigenvalues of a block and its conditional law."""
    weights = noise**2 * H.block_weights(*block)
    return eigenvalues(H.block(*block)), conditional_law(weights, H.block_size)


def _conditional_distance(spectrum, law):
    """NaN to an atom alone, on which the spectrum lies whatever theory says."""
    return ks_distance(spectrum, law) if law.atom_at_zero < 1 else np.nan


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
                known = values[~np.isnan(values)]
                result[f"largest_{name}"] = known.max() if known.size else np.nan
    return result
