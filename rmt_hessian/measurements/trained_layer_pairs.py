"""What the residual does between layers of a deep network, adjacent and distant, in training."""

from typing import Annotated

import numpy as np

from rmt_hessian.measurements.layer_pairs import layer_pairs
from rmt_hessian.measurements.registry import measurement
from rmt_hessian.measurements.structure_of_network import three_samples
from rmt_hessian.measurements.trained import TrainingRun
from rmt_hessian.measurements.training_images import (
    TIMES,
    at_three_times,
    known_steps,
    residual_share,
    shares,
)

OF_ADJACENT = "stripe_share", "curvature_stripe_share"
OF_ALL = "largest_share", "even_share"
OF_PAIRS = "norm", "residual_share", *OF_ALL, *OF_ADJACENT


@measurement(version=1)
def trained_layer_pairs(rng, *, run: Annotated[TrainingRun, known_steps, three_samples]):
    """The shares of a `LayerPair` at 0, 50 and 100 % of the steps, for all pairs of layers.

    Scalars are those of adjacent and of distant layers: the residual's share of their squared
    norms, means of other shares. Arrays have a row a time and a column a pair, (0, 1), (0, 2), …;
    ``features_l_m`` are the `feature_norms` of a pair, shape (3, k_l, p_m).
    """
    found, rows, (_, losses, hessians) = {}, [], at_three_times(run, rng)
    for time, value, H in zip(TIMES, losses, hessians, strict=True):
        rows.append(pairs := layer_pairs(H))
        values = {"loss": value, "norm": H.frobenius_norm(), **shares(H)}
        adjacent = [pair for pair in pairs if pair.m == pair.l + 1]
        distant = [pair for pair in pairs if pair.m > pair.l + 1]
        for kind, of in (("adjacent", adjacent), ("distant", distant)):
            if of:
                values[f"{kind}_residual_share"] = residual_share(of)
                names = OF_ALL + OF_ADJACENT if kind == "adjacent" else OF_ALL
                values |= {f"{kind}_{name}": _mean(of, name) for name in names}
        found |= {f"{time}_{name}": value for name, value in values.items()}
    for name in OF_PAIRS:
        found[f"pair_{name}"] = np.array([[getattr(p, name) for p in pairs] for pairs in rows])
    for same in zip(*rows, strict=True):
        features = np.array([pair.feature_norms for pair in same])
        found[f"features_{same[0].l}_{same[0].m}"] = features
    return found


def _mean(pairs, name):
    return float(np.mean([getattr(pair, name) for pair in pairs]))
