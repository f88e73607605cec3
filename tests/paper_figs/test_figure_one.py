"""The shipped sweep of [W]'s Figure 1 in small, on made-up layers in torch's place."""

import numpy as np
import pytest

from rmt_hessian.hessian.from_network import layer_hessian
from rmt_hessian.measurements import registry
from rmt_hessian.measurements.figure_one import ConvolutionalRun, figure_one, in_pair
from rmt_hessian.measurements.training_ends import columns_of_ends
from rmt_hessian.model.inputs import standardise
from rmt_hessian.model.networks import Network
from rmt_hessian.report.figure_one import OVERLAPS, VECTORS
from rmt_hessian.spectra.kronecker import kronecker_approximation

SMALLER = {
    'extras = ["torch"]': "extras = []",
    "n_top = 240": "n_top = 12",
    "n_top = 32": "n_top = 12",
}
SHAPES = {"lenet5": (8, 20), "resnet": (5, 12)}  # outputs and features


def made_up(rng, *, run: ConvolutionalRun, n_top: int):
    """Layers of features with a mean, or without."""
    k, p = SHAPES[run.network]
    ends = []
    for loss in (2.3, 0.1):
        layers = []
        for _ in range(2):
            Z = np.maximum(rng.standard_normal((60, p)), 0.0)
            Z = standardise(Z) if run.batch_norm == "after_relu" else Z
            H = layer_hessian(Network.random([p, k, 10], rng), Z, 0, "ce")
            layers.append((H, kronecker_approximation(H)))
        told = {"loss": loss, "accuracy": 0.5, "fresh_accuracy": 0.4}
        ends.append(told | in_pair(layers, n_top))
    sizes = {"n_units": k, "n_features": p, "random_singular_values": np.full(k, 0.3)}
    return sizes | columns_of_ends(*ends)


@pytest.fixture(scope="module")
def store(shipped):
    made_up.version, made_up.stream = registry.version_of(figure_one), 1
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(registry.REGISTERED, "figure_one", made_up)
        return shipped("figure_one", SMALLER)


def test_panels_are_labelled_and_a_rerun_gives_the_same_bytes(store, draw_twice):
    figure = draw_twice("figure_one", store)
    axes = np.reshape(figure.axes, (4, 4))
    assert all(ax.get_xlabel() for ax in axes[-1])
    assert all(ax.get_ylabel() for ax in axes[:, [0, -1]].flat)
    assert [ax.get_title() for ax in axes[0, :3]] == ["no BN", "BN before ReLU", "BN after ReLU"]


def test_lines_are_the_arrays_of_the_points(store, draw):
    """Means over the two pairs; the number of outputs; what random spaces share."""
    table = store.table()
    axes = np.reshape(draw("figure_one", store).axes, (4, 4))
    for row, (network, (k, p)) in enumerate(SHAPES.items()):
        for column, place in enumerate(("none", "before_relu", "after_relu")):
            rows = table[(table["network"] == network) & (table["batch_norm"] == place)]
            arrays = [store.arrays(key) for key in rows["key"]]
            for end in (0, 1):
                lines = {line.get_label(): line for line in axes[2 * row + end, column].lines}
                for label, name in (("measured", "overlaps"), ("predicted", "kronecker_overlaps")):
                    expected = np.mean([a[name][end] for a in arrays], axis=0)
                    np.testing.assert_allclose(lines[label].get_ydata(), expected)
                assert lines["number of outputs"].get_xdata()[0] == k
                np.testing.assert_allclose(lines["random"].get_ydata(), np.arange(1, 13) / (k * p))
                top = axes[2 * row + end, column].get_ylim()[1]
                assert top > np.max([a["overlaps"][end] for a in arrays])


def test_a_table_of_one_network_is_drawn(store, draw, monkeypatch):
    table = store.table()
    monkeypatch.setattr(type(store), "table", lambda _: table[table["network"] == "resnet"])
    assert len(draw("figure_one", store).axes) == 8


def test_report_has_a_row_a_network_and_place(store, sections_printed):
    printed = sections_printed(store)
    for title in (OVERLAPS, VECTORS):
        assert len(printed[title]) == 6
    first = printed[VECTORS].iloc[0]
    assert (first["network"], first["batch_norm"]) == ("lenet5", "none")
    assert first["loss"] == "2.3 → 0.1"
    assert list(printed[OVERLAPS]["outputs"]) == ["8"] * 3 + ["5"] * 3
    table = store.table()
    rows = table[(table["network"] == "resnet") & (table["batch_norm"] == "none")]
    found = printed[OVERLAPS].set_index(["network", "batch_norm"]).loc[("resnet", "none"), "peak"]
    expected = {f"{x:.3g}" for end in ("initial", "final") for x in rows[f"{end}_peak"]}
    assert {part for end in found.split(" → ") for part in end.split("–")} == expected
