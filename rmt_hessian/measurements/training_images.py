"""Pictures of the whole Hessian at 0, 50 and 100 % of the steps of a training."""

from typing import Annotated

import numpy as np

from rmt_hessian.hessian.from_network import network_hessian
from rmt_hessian.hessian.off_diagonal import BY
from rmt_hessian.measurements.layer_pairs import layer_pairs
from rmt_hessian.measurements.parameters import Count
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.structure_of_network import population_shares, three_samples
from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.spectra.maps import hessian_maps

TIMES = "initial", "middle", "final"  # 0, 50 and 100 % of the steps


def known_steps(run):
    """Refuse a training that ends where it likes: half of its steps are not known before."""
    if run.optimiser == "lbfgs":
        raise ValueError("optimiser must be 'gd' or 'adam', of known steps, got 'lbfgs'")
    if run.steps < 2:
        raise ValueError(f"steps must be at least 2, got {run.steps}")


@measurement(version=1)
def training_images(
    rng, *, run: Annotated[TrainingRun, known_steps, three_samples], pixels: Count = 400
):
    """`HessianMaps` at the three times, in float32, and how much lies off the diagonal.

    Shares by unit and by layer, of the sample and of the population; the share of the residual,
    ``Σ ‖R_lm‖² / Σ (‖R_lm‖² + ‖G_lm‖²)`` over pairs of layers, R the residual term of a block
    between them and G the rest: with one hidden layer that of the stripes.
    """
    found, pictures, (steps, losses, hessians) = {}, [], at_three_times(run, rng)
    for time, value, H in zip(TIMES, losses, hessians, strict=True):
        pictures.append(hessian_maps(H, pixels))
        values = {"loss": value, "norm": H.frobenius_norm(), **shares(H)}
        values["residual_share"] = residual_share(layer_pairs(H))
        found |= {f"{time}_{name}": value for name, value in values.items()}
    return found | {
        "checkpoint_steps": steps,
        "losses": losses,
        "entries": np.array([maps.entries for maps in pictures], np.float32),
        "block_norms": np.array([maps.block_norms for maps in pictures], np.float32),
        "entries_edges": pictures[0].entry_edges,
        "block_norms_edges": pictures[0].block_edges,
    }


def at_three_times(run, rng):
    """Steps and losses at 0, 50 and 100 % of a `TrainingRun`, and an iterator of its Hessians."""
    done = run.train(rng, checkpoints=[run.steps // 2])
    path = done.path
    hessians = (network_hessian(net, done.X, done.y, run.loss) for net in path.networks)
    return path.steps, path.losses, hessians


def shares(H):
    """Off-diagonal shares of a `NetworkHessian` by unit and by layer, sample and population."""
    return {f"share_by_{by}": H.off_diagonal_share(by) for by in BY} | population_shares(H)


def residual_share(pairs):
    """Of several `LayerPair`; 0 where there are none, NaN where all blocks are 0."""
    if not pairs:
        return 0.0
    residual, curvature = np.array([(p.residual_norm, p.curvature_norm) for p in pairs]).T
    largest = max(residual.max(), curvature.max())
    residual, curvature = (
        np.sum((norms / (largest or 1.0)) ** 2) for norms in (residual, curvature)
    )
    return residual / (residual + curvature) if largest else np.nan
