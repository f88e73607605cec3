"""Pictures of untrained networks: their pixels and norms are those of the dense Hessian."""

import numpy as np
import pytest

from rmt_hessian import Network, digits, network_hessian
from rmt_hessian.measurements.hessian_image import (
    IMAGES,
    PIXELS,
    UntrainedNetwork,
    hessian_image,
)
from rmt_hessian.model.inputs import gaussian_inputs, random_labels

SMALL = {"widths": [4, 5, 3], "n_samples": 20}


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_norms_and_pixels_of_a_small_network(loss):
    untrained = UntrainedNetwork(**SMALL, loss=loss)
    result = hessian_image(np.random.default_rng(3), untrained=untrained)
    rng = np.random.default_rng(3)
    net = Network.random([4, 5, 3], rng)
    X, y = gaussian_inputs(20, 4, rng), random_labels(20, 3, rng)
    dense = network_hessian(net, X, y, loss).to_dense()
    np.testing.assert_allclose(result["entries"], np.abs(dense), rtol=1e-6, atol=1e-12)
    assert result["block_norms"].shape == (8, 8)
    norm = np.linalg.norm(dense[4:8, 20:25])  # unit 1 of the first layer and unit 0 of the last
    assert result["block_norms"][1, 5] == pytest.approx(norm, rel=1e-6)
    parts = [result[f"{name}_norm"] ** 2 for name in ("hidden_layer", "output_layer")]
    total = sum(parts) + 2 * result["cross_layer_norm"] ** 2
    assert total == pytest.approx(result["frobenius_norm"] ** 2)
    assert result["frobenius_norm"] == pytest.approx(np.linalg.norm(dense))


def test_the_images_of_the_first_digits():
    X, labels = digits(standardised=True)
    assert X.shape[1] == PIXELS
    assert tuple(np.bincount(labels)) == IMAGES
    untrained = UntrainedNetwork(widths=[64, 3, 2], n_samples=360, inputs="digits")
    inputs, chosen = untrained.sample(np.random.default_rng(0))
    assert set(chosen) == {0, 1}
    of_two = X[labels < 2]  # all of them, in another order
    np.testing.assert_array_equal(np.sort(inputs, axis=0), np.sort(of_two, axis=0))


@pytest.mark.parametrize(
    ("widths", "n_samples", "message"),
    [
        ([63, 2], 10, "widths must begin with 64 and end with 10 or less, .* got 63 and 2"),
        ([64, 11], 10, "widths must begin with 64 and end with 10 or less, .* got 64 and 11"),
        ([64, 4, 2], 361, "n_samples must be at most 360, the images of 2 digits, got 361"),
    ],
)
def test_more_than_the_digits_have_is_refused(widths, n_samples, message):
    with pytest.raises(ValueError, match=message):
        UntrainedNetwork(widths=widths, n_samples=n_samples, inputs="digits")
