"""LeNet5 and the residual network of `figure_one`: what is trained and measured, and again."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from rmt_hessian.measurements.convolutional_networks import (
    last_block_convolution,
    lenet5,
    residual_network,
)
from rmt_hessian.measurements.convolutional_training import (
    loss_and_accuracy,
    reproducible,
    set_statistics,
)
from rmt_hessian.measurements.figure_one import (
    ConvolutionalRun,
    convolution,
    figure_one,
    first_linear,
)
from rmt_hessian.model.datasets import mnist_digits
from rmt_hessian.model.networks import Network
from rmt_hessian.spectra.kronecker import kronecker_error
from tests.measurements.columns import assert_columns

PLACES = ["none", "before_relu", "after_relu"]
SMALL = {"n_samples": 60, "n_training": 300, "epochs": 2, "learning_rate": 0.02}


@pytest.fixture(scope="module")
def digits():
    X, y = mnist_digits()
    some = np.random.default_rng(3).permutation(len(X))[:120]
    X = torch.as_tensor(X[some], dtype=torch.float32).reshape(-1, 1, 28, 28)
    return X, torch.as_tensor(y[some])


def drawn(make, place, X):
    """A network whose batch normalisations have learned X, and whose scales are not all one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = make(place)
        for module in model.modules():
            if "BatchNorm" in type(module).__name__:
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.normal_(module.bias)
    set_statistics(model, X)
    return model


def measured(network, place, seed=0):
    run = ConvolutionalRun(network=network, batch_norm=place, **SMALL)
    return figure_one(np.random.default_rng(seed), run=run, n_top=20)


@pytest.mark.parametrize("place", PLACES)
def test_features_and_chain_give_the_logits_of_the_model(place, digits):
    X, y = digits
    model = drawn(lenet5, place, X)
    H, product = first_linear(model, X, y)
    logits = Network.from_torch(model.above)(H.features)
    with torch.no_grad():
        expected = deepcopy(model).double()(X.double()).numpy()
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-10 * np.abs(expected).max())
    assert H.shape == product.shape == (48000, 48000)
    assert model.above[0].weight.dtype == torch.float32  # the model stays as it was


def test_the_hessian_of_the_chain_is_that_of_the_model(digits):
    """A product with it, by automatic differentiation of the whole model, twice."""
    X, y = digits
    model = drawn(lenet5, "after_relu", X)
    H, _ = first_linear(model, X, y)
    exact = deepcopy(model).double()
    loss = torch.nn.functional.cross_entropy(exact(X.double()), y)
    weight = exact.above[0].weight
    (gradient,) = torch.autograd.grad(loss, weight, create_graph=True)
    v = np.random.default_rng(0).standard_normal(48000)
    direction = torch.as_tensor(v).reshape(weight.shape)
    (found,) = torch.autograd.grad(gradient, weight, direction)
    expected = found.numpy().ravel()
    np.testing.assert_allclose(H @ v, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("make", [lenet5, residual_network])
def test_normalised_features_have_mean_0_and_variance_1(make, digits):
    """Those of fc1 each, those of the convolution channel by channel; γ = 1, β = 0 at the start."""
    X, _ = digits
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = make("after_relu")
    set_statistics(model, X)
    layer = model.above[0] if make is lenet5 else last_block_convolution(model)
    seen = []
    hook = layer.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].numpy()))
    with torch.no_grad():
        model(X)
    hook.remove()
    axes = 0 if make is lenet5 else (0, 2, 3)
    Z, dead = seen[0], 1e-2  # those of variance near 0 stay small
    assert np.abs(Z.mean(axis=axes)).max() < 1e-3  # single precision, over a small variance
    variances = Z.var(axis=axes)
    alive = variances > dead
    assert alive.mean() > 0.5
    np.testing.assert_allclose(variances[alive], 1.0, rtol=0.05)


def test_statistics_do_not_depend_on_what_was_before(digits):
    X, _ = digits
    model = drawn(residual_network, "before_relu", X)
    at_first = [buffer.clone() for buffer in model.buffers()]
    set_statistics(model, X[:50])
    set_statistics(model, X)
    for before, after in zip(at_first, model.buffers(), strict=True):
        if after.is_floating_point():
            torch.testing.assert_close(before, after)
    assert not model.training


def test_the_factors_of_the_convolution_are_those_of_its_patches(digits):
    """``E[z zᵀ]`` up to its scale, patches cut out one by one; the product has the top space."""
    X, y = digits
    model = drawn(residual_network, "none", X)
    H, product = convolution(model, X, y)
    assert H.shape == product.shape == (2304, 2304)
    seen = []
    layer = last_block_convolution(model)
    hook = layer.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].numpy()))
    with torch.no_grad():
        model(X)
    hook.remove()
    padded = np.pad(seen[0].astype(float), ((0, 0), (0, 0), (1, 1), (1, 1)))
    patches = [padded[:, :, i : i + 3, j : j + 3] for i in range(7) for j in range(7)]
    Z = np.concatenate(patches).reshape(-1, 144)
    expected = Z.T @ Z
    found = product.right * np.trace(expected) / np.trace(product.right)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * expected.max())


@pytest.mark.parametrize(("network", "k", "p"), [("lenet5", 120, 400), ("resnet", 16, 144)])
def test_a_seed_gives_the_same_numbers(network, k, p):
    """Whatever torch's own generator, its threads and its settings are, which stay as they were."""
    found = measured(network, "after_relu")
    torch.manual_seed(99)
    torch.rand(3)
    state, n_threads = torch.random.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert_columns(measured(network, "after_relu"), found, 0.0)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()
    assert (found["n_units"], found["n_features"]) == (k, p)
    other = measured(network, "after_relu", seed=1)
    assert other["final_loss"] != found["final_loss"]


@pytest.mark.parametrize("network", ["lenet5", "resnet"])
def test_columns_are_what_they_say(network):
    found = measured(network, "before_relu")
    assert found["final_loss"] < found["initial_loss"]
    assert found["overlaps"].shape == (2, 20)
    assert np.nanmax(found["overlaps"]) <= 1 + 1e-9
    values = found["singular_values"]
    assert values.shape == (2, 4, 10)
    assert np.all(np.nansum(values**2, axis=2) <= 1 + 1e-9)
    k, p = found["n_units"], found["n_features"]
    expected = (np.sqrt(k) + np.sqrt(p)) ** 2 / (k * p)
    assert found["random_singular_values"][0] ** 2 == pytest.approx(expected, rel=0.2)
    for at, end in enumerate(("initial", "final")):
        excess = found["overlaps"][at] - np.arange(1, 21) / (k * p)
        assert np.nanmax(excess) == pytest.approx(found[f"{end}_peak_excess"])
        first = np.nanmean(values[at, :, 0] ** 2)
        assert first == pytest.approx(found[f"{end}_rank_one_share"])
        assert 0 < found[f"{end}_leading_share"] < 1
    if network == "lenet5":
        assert found["final_overlap_at_units"] != found["final_overlap_at_units"]  # 120 > 20
    else:
        assert found["final_overlap_at_units"] == found["overlaps"][1, 15]


def test_normalised_features_share_less_than_others_before_training():
    excess = {place: measured("lenet5", place)["initial_peak_excess"] for place in PLACES}
    assert excess["after_relu"] < excess["none"] < excess["before_relu"]


def test_loss_and_accuracy_are_those_of_the_logits():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))
    found = loss_and_accuracy(torch.nn.Identity(), logits, torch.tensor([0, 1]))
    assert found == pytest.approx((-np.log(0.5 * 0.2) / 2, 0.5), rel=1e-6)


def test_settings_of_torch_come_back_after_an_error():
    n_threads = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), reproducible(np.random.default_rng(0)):
        raise ZeroDivisionError
    assert torch.get_num_threads() == n_threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("sizes", [(400, 300), (300, 5000)])
def test_samples_must_be_there(sizes):
    n_samples, n_training = sizes
    with pytest.raises(ValueError, match="n_samples must be at most n_training"):
        ConvolutionalRun(
            network="lenet5",
            batch_norm="none",
            **SMALL | {"n_samples": n_samples, "n_training": n_training},
        )


def test_the_product_of_a_chain_is_near_its_hessian_at_the_start(digits):
    X, y = digits
    H, product = first_linear(drawn(lenet5, "none", X), X, y)
    assert kronecker_error(H, product) < 0.5
