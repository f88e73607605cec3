r"""From the description of a case to its law, in one call.

Regimes. [D] takes d, N → ∞ at a fixed number C of classes (and m of hidden units), and then
C → ∞. The laws of single blocks are seen to hold as well for C > d and m > d at random weights,
because the softmax normaliser concentrates; for trained weights only `conditional_law` is safe,
and that for white features.
The law of a layer is derived for C (or m) fixed; for linear CE it is seen within 0.02 at C = 50,
d = 40. What a finite d adds are the outliers, in up to (C-1)² directions. The output layer has
features of its own law, so its blocks follow a separable law as ``m, d, N → ∞`` together.

Inputs need not be Gaussian: independent entries of mean 0, variance 1 and finite fourth moments
give the same laws. Correlated ones follow `SeparableLaw` with the spectrum of their covariance.
Tails with hardly a variance (Student, ν = 2.2) leave the law at every size that is reached; at
ν = 6 it holds (``tests/claims/test_universality.py``).
"""

import numpy as np

from rmt_hessian._validation import (
    boolean,
    finite_array,
    means_nothing,
    one_of,
    positive_integer,
)
from rmt_hessian.theory.init_scale import init_gain
from rmt_hessian.theory.laws.generalized_mp import GeneralizedMarchenkoPastur
from rmt_hessian.theory.layer_law import MatrixLayerLaw, linear_ce_layer_law
from rmt_hessian.theory.output_blocks import mean_eigenvalue, output_block_law
from rmt_hessian.theory.spikes.block_outliers import outliers_of_directions, outliers_of_samples
from rmt_hessian.theory.spikes.layer_outliers import given_layer_outliers, linear_ce_layer_outliers
from rmt_hessian.theory.spikes.outlier_equation import Outlier
from rmt_hessian.theory.weights.curvature_law import curvature_law
from rmt_hessian.theory.weights.sampled_weights import GivenWeights, gaussian_points
from rmt_hessian.theory.weights.weight_laws import LOSSES, MODELS, block_of, weight_law

LAYER_LOG2_POINTS = 7  # of each of 8 blocks: 1024 output Hessians
OUTLIER_LOG2_POINTS = 11


def block_law(
    *,
    model,
    loss,
    n_features,
    n_samples,
    diagonal=True,
    n_classes=None,
    n_inputs=None,
    V=None,
    W=None,
    block=None,
    init="lecun",
    rng=0,
):
    """Limiting law of the spectrum of one block.

    Linear and hidden layers: the generalised Marchenko–Pastur law with the density of `weight_law`,
    ``γ = n_features/n_samples``. Output layer: the separable law of `output_block_law`. Their
    ``error`` is that of the CDF (`WeightLaw.law_of`).

    Logits have no bound: neither has a support a visible end. ``law.interval(0.999)`` is the range
    to plot.

    Parameters
    ----------
    model : {"linear", "hidden", "output"}
    loss : {"ce", "mse"}
    n_features, n_samples : int
        p, the size of the block (d, or the width m for the output layer), and N.
    diagonal, n_classes, V, W, block, init, rng
        As in `weight_law`.
    n_inputs : int
        d, for the output layer only.

    Returns
    -------
    SpectralLaw

    Raises
    ------
    ValueError
        As `weight_law`, and if a size is missing or means nothing for the model.

    Examples
    --------
    >>> law = block_law(model="linear", loss="ce", n_classes=10, n_features=400, n_samples=1000)
    >>> weights = weight_law(model="linear", loss="ce", n_classes=10)
    >>> abs(law.mean() - weights.mean()) < 1e-12
    True
    """
    one_of(model, MODELS, "model")
    p = positive_integer(n_features, "n_features")
    N = positive_integer(n_samples, "n_samples")
    diagonal = boolean(diagonal, "diagonal")
    _check_shapes(model, p, n_inputs, V, W)
    weights = weight_law(
        model=model,
        loss=loss,
        diagonal=diagonal,
        n_classes=n_classes,
        V=V,
        W=W,
        block=block,
        init=init,
        rng=rng,
    )
    if model != "output":
        means_nothing(n_inputs, "n_inputs", f"model {model!r}")
        return weights.block_law(p / N)
    d = positive_integer(n_inputs, "n_inputs of model 'output'")
    gain = init_gain(init)
    return weights.law_of(lambda lam, w: output_block_law(lam, w, p, d, N, gain))


def layer_law(
    *, model, loss, n_features, n_samples, n_classes=None, V=None, W=None, init="lecun", rng=0
):
    """Limiting law of the spectrum of a whole layer, k p eigenvalues.

    Parameters
    ----------
    model : {"linear", "hidden"}
    loss : {"ce", "mse"}
    n_features, n_samples : int
        d and N.
    n_classes : int
        C, for the linear model.
    V : array_like, shape (C, m)
        Output weights, for the hidden model; m up to 16 takes less than half a minute.
    W : array_like, shape (m, d), optional
        Hidden weights.
    init : {"lecun", "he"}
        Scale of weights that are not given.
    rng : None, int, SeedSequence or Generator
        Draws the points of the sample over which the equation averages.

    Returns
    -------
    SpectralLaw
        For the hidden model a `MatrixLayerLaw`, with its residual and error.

    Raises
    ------
    ValueError
        If the model or loss is unknown, an argument is missing, or means nothing for the case.
    RuntimeError
        If the matrix equation is not solved.

    Examples
    --------
    >>> law = layer_law(model="linear", loss="ce", n_classes=5, n_features=400, n_samples=1600)
    >>> law.atom_at_zero
    0.2
    """
    one_of(model, ("linear", "hidden"), "model")
    one_of(loss, LOSSES, "loss")
    gamma = _aspect_ratio(n_features, n_samples)
    _check_shapes(model, n_features, None, V, W)
    init_gain(init)
    if model == "linear":
        means_nothing(V, "V", "model 'linear'")
        if loss == "mse":
            return GeneralizedMarchenkoPastur([1.0], [1.0], gamma)
        return linear_ce_layer_law(n_classes, gamma, init, rng)
    _, M = _sample(_given(model, loss, n_classes, V, W, init), LAYER_LOG2_POINTS, rng)
    return MatrixLayerLaw(M, gamma)


def outliers(
    *,
    model,
    loss,
    n_features,
    n_samples,
    whole_layer=False,
    diagonal=True,
    n_classes=None,
    n_inputs=None,
    V=None,
    W=None,
    block=None,
    init="lecun",
    rng=0,
):
    """Predicted eigenvalues outside the support, of a block or of a whole layer.

    They come from the few directions of the features on which the weights depend, the span of the
    weight rows. Equations: `outlier_equation`; nothing inside the support is reported.

    Parameters
    ----------
    whole_layer : bool
        Of the layer ("linear" or "hidden") instead of one block.
    model, loss, n_features, n_samples, diagonal, n_classes, n_inputs, V, W, block, init, rng
        As in `block_law` and `layer_law`. For finite sizes the given weights count: V (linear) or
        V and W, whose rows are orthonormal in the limit only.

    Returns
    -------
    list of Outlier, ascending
        Place, multiplicity, and squared overlap with the span of the weight rows. Output layer:
        the one large outlier of the mean of the features, with CE to relative O(1/m), and its
        overlap with that mean direction.

    Raises
    ------
    ValueError
        As `block_law` and `layer_law`.

    Examples
    --------
    >>> case = {"model": "linear", "loss": "ce", "n_classes": 3}
    >>> (outlier,) = outliers(**case, n_features=400, n_samples=16000)
    >>> round(outlier.place, 4), outlier.multiplicity, round(outlier.overlap, 2)
    (0.1116, 1, 0.74)
    """
    one_of(model, MODELS, "model")
    one_of(loss, LOSSES, "loss")
    whole_layer, diagonal = boolean(whole_layer, "whole_layer"), boolean(diagonal, "diagonal")
    gamma = _aspect_ratio(n_features, n_samples)
    _check_shapes(model, n_features, n_inputs, V, W)
    init_gain(init)
    case = {"model": model, "loss": loss, "n_classes": n_classes, "V": V, "W": W, "init": init}
    sizes = {"n_features": n_features, "n_samples": n_samples}
    if whole_layer:
        one_of(model, ("linear", "hidden"), "model of a whole layer")
        means_nothing(block, "block", "a whole layer")
        means_nothing(n_inputs, "n_inputs", f"model {model!r}")
        if not diagonal:
            raise ValueError("diagonal means nothing for a whole layer, got False")
        return _layer_outliers(case, gamma, rng)
    if model == "output":
        law = block_law(**case, **sizes, diagonal=diagonal, block=block, n_inputs=n_inputs, rng=rng)
        return _mean_outlier(law, n_features, n_inputs, init_gain(init), W)
    means_nothing(n_inputs, "n_inputs", f"model {model!r}")
    if loss == "ce" and V is not None:
        layer = _given(model, loss, n_classes, V, W, init)
        u = np.concatenate(
            list(gaussian_points(layer.n_directions, rng, log2_points=OUTLIER_LOG2_POINTS))
        )
        return outliers_of_samples(
            layer.block_weights(u, *block_of(block, diagonal, layer.n_units)), u, gamma
        )
    weights = weight_law(**case, diagonal=diagonal, block=block, rng=rng)
    return outliers_of_directions(weights, gamma)


def _layer_outliers(case, gamma, rng):
    model, loss, V, init = (case[key] for key in ("model", "loss", "V", "init"))
    if model == "linear" and V is None:
        if loss == "mse":
            return []
        weights = curvature_law(case["n_classes"], init, rng)
        std = np.sqrt(init_gain(init))
        return linear_ce_layer_outliers(weights, case["n_classes"], gamma, std, rng)
    u, M = _sample(
        _given(model, loss, case["n_classes"], V, case["W"], init), LAYER_LOG2_POINTS, rng
    )
    return given_layer_outliers(MatrixLayerLaw(M, gamma), M, u)


def _mean_outlier(law, m, d, gain, W):
    """Its overlap with the mean direction is ``d log z/d log θ``."""
    theta, step = mean_eigenvalue(m, d, gain, W), 1e-4
    places = law.outliers(theta)
    up, down = law.outliers(theta * (1 + step)), law.outliers(theta * (1 - step))
    overlaps = np.log(up / down) / (2 * step)
    return [Outlier(float(z), 1, float(o)) for z, o in zip(places, overlaps, strict=True)]


def _sample(layer, log2_points, rng):
    """Coordinates and output Hessians at Sobol' points."""
    u = np.concatenate(list(gaussian_points(layer.n_directions, rng, log2_points=log2_points)))
    return u, layer.output_hessians(u)


def _given(model, loss, n_classes, V, W, init):
    if V is None:
        raise ValueError(f"model {model!r} needs the weights V, got None")
    V = finite_array(V, "V", ndim=2)
    if n_classes is not None and positive_integer(n_classes, "n_classes") != V.shape[0]:
        raise ValueError(f"n_classes must be {V.shape[0]}, the rows of V, got {n_classes}")
    return GivenWeights.of(model, loss, V, W, init_gain(init))


def _aspect_ratio(n_features, n_samples):
    return positive_integer(n_features, "n_features") / positive_integer(n_samples, "n_samples")


def _check_shapes(model, n_features, n_inputs, V, W):
    """Given weights must have the sizes of the case."""
    if model == "linear":
        means_nothing(W, "W", "model 'linear'")
    wanted = {"linear": (V, "V"), "hidden": (W, "W"), "output": (V, "V")}[model]
    pairs = [(*wanted, n_features, "n_features")]
    if model == "output":
        pairs.append((W, "W", n_inputs, "n_inputs"))
    for array, name, size, size_name in pairs:
        if array is not None and np.ndim(array) == 2 and size is not None:
            columns = np.shape(array)[1]
            if columns != size:
                raise ValueError(f"{name} must have {size_name} = {size} columns, got {columns}")
