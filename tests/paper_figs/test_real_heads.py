"""The shipped sweep of real heads in small, on made-up heads: its figure, its printed tables."""

import numpy as np
import pytest

from paper_figs import fig_explained_shares, fig_real_head_blocks, head_cases, mixture_families
from paper_figs.style import CannotDraw
from rmt_hessian.measurements.real_heads import HeadOfNetwork
from rmt_hessian.model import head_data
from rmt_hessian.model.head_data import TrainedHead, packaged_head
from rmt_hessian.report.real_heads import (
    BLOCKS,
    CONFUSIONS,
    HEADS,
    LAYERS,
    OWN,
    PAIRS,
    real_head_sections,
)
from rmt_hessian.report.trained_laws import SHARES, trained_law_sections
from tests.paper_figs.shown import rows
from tests.sections import require_legible, tables

SMALLER = {
    'extras = ["heads"]': "extras = []",
    "[500, 1000, 2000, 4000]": "[20, 40]",
    "n_samples = 2000": "n_samples = 40",
    "n_samples = 8000": "n_samples = 60",
    "n_samples = 1000": "n_samples = 40",
    "n_samples = 1500": "n_samples = 50",
    'data = ["digits", "mnist"]': 'data = ["digits"]',
    "seeds = 3": "seeds = 1",
    "n_inputs = 300, n_samples = 6000": "n_inputs = 40, n_samples = 200",
    "[8, 32, 128, 256]": "[4, 6, 8, 10]",
    "[4, 16, 64, 128]": "[2, 3, 4, 5]",
}
CLASSES = {"magika": 9, "ppocr-v4": 20, "ppocr-v6": 30, "digits": 10, "mnist": 10}


def made_up(name):
    def make():
        C = CLASSES[name.removesuffix("-joined")]
        rng = np.random.default_rng([C, len(name)])
        names = tuple(chr(0x4E00 + k) for k in range(C))
        groups = tuple("ab"[k % 2] for k in range(C))
        Z, W, b = rng.random((80, 6)), 3 * rng.standard_normal((C, 6)), rng.standard_normal(C)
        return TrainedHead(Z, W, b, names, groups)

    return make


@pytest.fixture(scope="module")
def store(shipped):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(head_data, "HEADS", {name: made_up(name) for name in head_data.HEADS})
        # the older network is not for this Python
        older = property(lambda run: run.head == "ppocr-v4-joined")
        patched.setattr(HeadOfNetwork, "not_for_this_python", older)
        packaged_head.cache_clear()
        store = shipped("real_heads", SMALLER)
        packaged_head.cache_clear()
    return store


@pytest.mark.parametrize(
    "name", ["real_heads", "real_head_blocks", "explained_shares", "grouped_mixtures"]
)
def test_panels_are_labelled_and_a_rerun_gives_the_same_bytes(name, store, draw_twice):
    figure = draw_twice(name, store)
    assert all(ax.get_xlabel() or ax.get_title() for ax in figure.axes)
    assert all(ax.get_ylabel() for ax in figure.axes if ax.get_subplotspec().is_first_col())
    said = figure.get_label()
    assert "‖H_ij‖" in said or "eigenvalues" in said
    if name in ("real_heads", "explained_shares"):
        assert "Not here, for their package is not for this Python: PP-OCRv4, no spaces." in said


def numbers(ax):
    """All that is drawn as lines and markers in a panel."""
    return np.concatenate([np.asarray(line.get_ydata(), float) for line in ax.get_lines()])


def has(ax, values):
    """Whether the panel shows all these."""
    drawn = numbers(ax)
    return all(np.isclose(drawn, value, rtol=1e-12, atol=0).any() for value in values)


def test_every_head_is_drawn_with_its_prediction(store, draw):
    figure = draw("real_heads", store)
    ratios, shares, temperatures, pairs = figure.axes
    heads = rows(store, "real_heads")
    heads = heads[
        heads["n_samples"].eq(40) & heads["available"].astype(bool) & heads["blanks"].isna()
    ]
    heads = heads[heads["temperature"].isna()].set_index("head")
    assert set(heads.index) == {*CLASSES, "ppocr-v6-joined"}
    for ax, name in ((ratios, "c2_ratio"), (shares, "share")):
        kinds = [f"{k}{v}" for v in ("", "population_") for k in ("", "random_", "predicted_")]
        assert all(has(ax, heads[f"{kind}{name}"]) for kind in kinds)
        assert ax.get_yscale() == "log"
        assert [tick.get_text() for tick in ax.get_xticklabels()] == ["10", "9", "20", "30"]
    assert len(temperatures.get_lines()) == 2 * 6  # those of one temperature as a point
    assert len(pairs.get_lines()) == 6
    for line in pairs.get_lines():
        assert (np.diff(line.get_ydata()) >= 0).all()
    (legend,) = figure.legends
    titles = [text.get_text() for text in legend.get_texts()]
    assert titles[0] == "digits"
    assert "random head, predicted" in titles
    assert len(set(titles)) == len(titles)
    assert "N = 40" in figure.get_label()


def test_blocks_are_drawn_beside_their_laws(store, draw):
    figure = draw("real_head_blocks", store)
    blocks = rows(store, "real_head_blocks")
    heads = ["digits", "mnist", "magika", "ppocr-v4", "ppocr-v6"]
    assert set(blocks["head"]) == set(heads)
    for head, spectra, distances in zip(heads, figure.axes[:5], figure.axes[5:], strict=True):
        of_head = blocks[blocks["head"] == head]
        assert len(of_head) == 2  # temperatures
        arrays = store.arrays(of_head[of_head["temperature"] == 1.0]["key"].item())
        drawn = [line for line in spectra.get_lines() if len(line.get_xdata())]
        pairs = zip(fig_real_head_blocks.BLOCKS, drawn[::2], drawn[1::2], strict=True)
        for name, law, seen in pairs:
            quantiles, values = (
                np.sort(np.abs(arrays[f"{name}_{key}"]))[::-1]
                for key in ("quantiles", "eigenvalues")
            )
            for line, of in ((law, quantiles), (seen, values)):
                expected = of / quantiles[0]
                expected[expected <= 1e-12] = np.nan
                np.testing.assert_allclose(line.get_ydata(), expected)
            assert law.get_color() == seen.get_color()
            for kind in ("ks", "white_ks", "misfit"):
                assert has(distances, of_head[f"{name}_{kind}"])


def test_mixtures_are_drawn_beside_their_predictions(store, draw):
    mixtures = rows(store, "trained_shares")
    names = ["no groups, $\\rho=3$", "groups of 2, $\\rho=6$, $\\kappa=1$"]
    assert list(mixture_families.families(mixtures)) == names
    figure = draw("grouped_mixtures", store)
    panels = [(kind, name) for kind in ("fresh_population_", "") for name in ("c2_ratio", "share")]
    for ax, (version, name) in zip(figure.axes, panels, strict=True):
        static = f"static_{version.removeprefix('fresh_')}"
        for kind in (version, f"predicted_{version}", static):
            assert has(ax, mixtures[f"{kind}{name}"])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:2] == names
    assert "random heads, $C\\to\\infty$" in labels  # the dotted lines


def test_heads_are_drawn_beside_mixtures_and_by_what_is_known(store, draw):
    figure = draw("explained_shares", store)
    heads = fig_explained_shares.at_most_samples(head_cases.available(store, "real_heads"))
    mixtures = rows(store, "trained_shares")
    assert set(heads["head"]) == {*CLASSES, "ppocr-v6-joined"}
    for ax, name in zip(figure.axes, ("c2_ratio", "share"), strict=False):
        assert has(ax, heads[f"population_{name}"])
        assert has(ax, heads[f"predicted_population_{name}"])
        assert has(ax, mixtures[f"fresh_population_{name}"])
    known = head_cases.available(store, "real_head_confusions")
    lines = [line for line in figure.axes[2].get_lines() if len(line.get_xdata()) > 1]
    assert len(lines) == len(known) == 6
    for line, (_, row) in zip(lines, known.iterrows(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), row[list(fig_explained_shares.KNOWN)])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "random heads, $C\\to\\infty$" in labels


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("real_heads", "no points of real_heads"),
        ("real_head_blocks", "no points of real_head_blocks"),
        ("explained_shares", "no points of real_heads or of real_head_confusions"),
        ("grouped_mixtures", "no points of trained_shares at three numbers of classes"),
    ],
)
def test_a_table_without_points_is_refused(store, draw, name, message):
    empty = type("Empty", (), {"table": lambda self: store.table().iloc[:0]})()
    with pytest.raises(CannotDraw, match=message):
        draw(name, empty)


def test_tables_are_printed(store):
    require_legible(store.table())
    sections = tables(real_head_sections(store.table()))
    assert list(sections) == [HEADS, OWN, PAIRS, CONFUSIONS, BLOCKS, LAYERS]
    heads = sections[HEADS]
    assert "ppocr-v4-joined" not in set(heads["head"])
    assert {"share", "population_share", "random_share"} <= set(heads)
    assert len(sections[PAIRS]) == len(sections[CONFUSIONS]) == 6
    assert len(sections[BLOCKS]) == 4 * 10
    assert {"ks", "misfit", "block"} <= set(sections[BLOCKS])
    ((title, mixtures),) = tables(trained_law_sections(store.table())).items()
    assert title == SHARES
    assert len(mixtures) == 8
    assert set(sections[LAYERS]["layer"]) == {0, 1}
    assert list(real_head_sections(store.table().iloc[:0])) == []
