"""A layer Hessian beside its decoupled one, whose output Hessians are of other inputs."""

from typing import Annotated

import numpy as np
from scipy.sparse.linalg import aslinearoperator

from rmt_hessian.compare import ks_distance_of_spectra
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.decoupled import decoupled
from rmt_hessian.hessian.draws import draw_with_network
from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements.blocks import BLOCKS
from rmt_hessian.measurements.parameters import two_units
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.model.inputs import gaussian_inputs
from rmt_hessian.spectra.eigenvalues import eigenvalues, top_eigenpairs
from rmt_hessian.theory import weight_law
from rmt_hessian.theory.coverage import white_features
from rmt_hessian.theory.structure.decoupled import decoupled_norms
from rmt_hessian.theory.weights.influence import weight_influence


def weights_of_inputs(ens):
    """Refuse the last layer with MSE: ``M = I`` whatever the inputs."""
    if ens.is_last and ens.loss == "mse":
        raise ValueError("loss must be 'ce' for a last layer: nothing to decouple, got 'mse'")


@measurement(version=2, stream=1)
def decoupled_hessian(
    rng, *, ens: Annotated[Ensemble, white_features, two_units, weights_of_inputs]
):
    """Distances of H and H̃, whole and of blocks (0, 0) and (0, 1), and of their spectra; predicted.

    ``error``: ``‖H - H̃‖/‖H‖``, Frobenius; NaN where H = 0. Of spectra, in units of ``σ² = E tr
    H_ij²/p``: ``stieltjes`` is ``σ|s_H - s_H̃|`` at ``z = iσ``, ``rest`` what the influence of the
    weights leaves of it (the mean of ``rest_real + i rest_imag`` is that of the difference, with
    less noise), ``wasserstein`` the Wasserstein-1 distance over σ.
    """
    net, H = draw_with_network(ens, rng)
    X = gaussian_inputs(ens.n_samples, ens.widths[0], rng)
    other = layer_hessian(net, X, ens.layer, ens.loss)
    copy, ens = decoupled(H, other), ens.given(net)
    dense = H.to_dense()
    difference = dense - copy.to_dense()
    norms = decoupled_norms(ens, rng=rng)
    result = {
        "error": _ratio(np.linalg.norm(difference), np.linalg.norm(dense)),
        "predicted_error": norms.relative_error(ens.n_samples),
        "plateau": norms.relative_error(np.inf),
        "crossover": norms.crossover,
        "operator_error": _ratio(_operator_norm(difference), _operator_norm(dense)),
        "operator_plateau": norms.operator_plateau,
    }
    for name, pair in BLOCKS.items():
        columns = _of_block(ens, pair, H, copy, rng)
        result |= {f"{name}_{column}": value for column, value in columns.items()}
    return result


def _of_block(ens, pair, H, copy, rng):
    norms, weights = decoupled_norms(ens, units=pair, rng=rng), weight_law(ens, *pair)
    scale = np.sqrt(weights.mean() ** 2 + ens.aspect_ratio * weights.second_moment())
    h = weight_influence(ens, *pair, 1j * scale)
    block, other = H.block(*pair), copy.block(*pair)
    spectrum, of_copy = eigenvalues(block), eigenvalues(other)
    change = scale * np.mean(1 / (spectrum - h.z) - 1 / (of_copy - h.z))
    lam, lam_of_copy = H.block_weights(*pair), copy.block_weights(*pair)
    rest = change - scale * np.mean(h.of(lam) - h.of(lam_of_copy))
    return {
        "error": _ratio(np.linalg.norm(block - other), np.linalg.norm(block)),
        "predicted_error": norms.relative_error(ens.n_samples),
        "plateau": norms.relative_error(np.inf),
        "stieltjes": abs(change),
        "predicted_stieltjes": scale * h.decoupled_error(ens.n_samples),
        "rest": abs(rest),
        "rest_real": rest.real,
        "rest_imag": rest.imag,
        "ks": ks_distance_of_spectra(spectrum, of_copy),
        "wasserstein": np.abs(spectrum - of_copy).mean() / scale,
        "eigenvalues": spectrum,
        "decoupled_eigenvalues": of_copy,
    }


def _operator_norm(matrix):
    """By products: six digits take a tenth of the time that all eigenvalues take."""
    return abs(top_eigenpairs(aslinearoperator(matrix), 1, which="magnitude", tol=1e-4)[0][0])


def _ratio(value, size):
    return value / size if size else np.nan
