"""Norms and spectra of blocks beside their predictions."""

from functools import cache
from typing import Annotated

import numpy as np

from rmt_hessian import theory
from rmt_hessian.compare import density_curve, ks_distance
from rmt_hessian.ensemble import Ensemble
from rmt_hessian.hessian.dead_units import dead_units
from rmt_hessian.hessian.draws import draw, draw_with_network
from rmt_hessian.measurements.parameters import two_units
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.spectra.eigenvalues import eigenvalues
from rmt_hessian.theory.coverage import white_features
from rmt_hessian.theory.norms.kinds import formulas_of
from rmt_hessian.theory.weights.band import band_of_weights

BLOCKS = {"diagonal": (0, 0), "off_diagonal": (0, 1)}


@measurement(version=4, stream=3)
def block_norms(rng, *, ens: Annotated[Ensemble, formulas_of]):
    """Mean squared norms of diagonal and off-diagonal blocks, exact over all of them."""
    measured, predicted = draw(ens, rng).mean_squared_block_norms(), _predicted_norms(ens)
    return {
        "diagonal_norm2": measured.diagonal,
        "off_diagonal_norm2": measured.off_diagonal,
        "ratio": measured.ratio,
        "predicted_diagonal_norm2": predicted.diagonal,
        "predicted_off_diagonal_norm2": predicted.off_diagonal,
        "predicted_ratio": predicted.ratio,
        "predicted_ratio_error": predicted.ratio_error,
        "limit_ratio": _limit_ratio(ens),
    }


@cache
def _predicted_norms(ens):
    """The same for every seed, so computed once in a process."""
    return theory.block_norms(ens)


@cache
def _limit_ratio(ens):
    """``constant · C^{-exponent}`` of the limit C → ∞; NaN where the constant does not exist."""
    try:
        constant, exponent = theory.block_norm_limits(ens).ratio
    except ValueError:
        return np.nan
    return constant * float(ens.n_classes) ** -exponent


@measurement(version=4, stream=1)
def block_spectra(rng, *, ens: Annotated[Ensemble, white_features, two_units]):
    """Spectra of blocks (0, 0) and (0, 1) beside the conditional and the population law.

    Only layers whose features are the inputs: those of the output layer are not isotropic, and
    their law is another. The population law is given the weights above the layer. With the distance
    to it comes the 95 % band that the fluctuation of a sample of N weights gives it. A unit that is
    dead on the sample has blocks of zeros: the conditional law is an atom at 0, on which the
    spectrum lies whatever theory says, and the distance to it is NaN. ``dead_units`` counts them, 0
    to 2.
    """
    net, H = draw_with_network(ens, rng)
    ens = ens.given(net, range(ens.layer + 1, ens.n_layers))
    dead = dead_units(H.restrict([0, 1]))
    result = {"dead_units": dead.size}
    for name, block in BLOCKS.items():
        weights, population = _population_law(ens, block)
        laws = {
            "conditional": theory.conditional_law(H.block_weights(*block), H.block_size),
            "population": population,
        }
        result |= spectrum_beside_laws(name, eigenvalues(H.block(*block)), laws)
        if np.isin(block, dead).any():
            result[f"{name}_ks_conditional"] = np.nan
        band = band_of_weights(weights, ens.n_features, ens.n_samples, rng=rng)
        result[f"{name}_ks_population_band"] = band
    return result


def spectrum_beside_laws(name, spectrum, laws):
    """Eigenvalues of a block, and of each law the distance to it and its density, as columns."""
    result = {f"{name}_eigenvalues": spectrum}
    for kind, law in laws.items():
        result[f"{name}_ks_{kind}"] = ks_distance(spectrum, law)
        result[f"{name}_{kind}_curve"] = density_curve(law)
    return result


def _population_law(ens, block):
    """Weight law and spectral law of a block; without given weights once in a process."""
    given = any(W is not None for W in ens.weights)
    return _law_of_block(ens, block) if given else _same_law_of_block(ens, block)


def _law_of_block(ens, block):
    weights = theory.weight_law(ens, *block)
    return weights, weights.block_law(ens.aspect_ratio)


_same_law_of_block = cache(_law_of_block)
