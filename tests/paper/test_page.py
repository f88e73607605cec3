"""The page: one file with every figure and verdict, which asks nothing of a network."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser

import altair as alt
import pandas as pd
import pytest

from rmt_hessian.paper import at_most, claim
from rmt_hessian.paper.charts import charts_of
from rmt_hessian.paper.gather import gather
from rmt_hessian.paper.page import Figure, figures_in, page
from rmt_hessian.paper.verdicts import judged
from tests.paper.test_verdict import made

PNG = base64.b64encode(b"not a picture").decode()
FIGURES = {
    "f": Figure("f", "s", PNG, "What <f> shows & how."),
    "g": Figure("g", "s", PNG, "No claim shows it."),
}
BAD = "</script><!--<script>"
CHART = alt.Chart(pd.DataFrame({"x": [BAD]})).mark_point().encode(x="x")
VERDICTS = [
    judged(made(at_most("R", 0.1, 1)), object()),
    judged(made(at_most("S", 3, 1)), object()),
    judged(made(at_most("S", 3, 1)), None),
]


class Elements(HTMLParser):
    """What stands where: tags with their attributes, and the text of each script."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.scripts, self.inside = [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "script"

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html():
    return page(VERDICTS, FIGURES, {"Chart": CHART}, left_out=["heads"], quick=True)


def test_every_figure_is_there_once_with_its_caption(html):
    images = Elements(html).of("img")
    assert [image["id"] for image in images] == ["figure-f", "figure-g"]
    assert {image["src"] for image in images} == {f"data:image/png;base64,{PNG}"}
    assert "What &lt;f&gt; shows &amp; how." in html


def test_nothing_is_fetched(html):
    found = Elements(html)
    for tag in ("script", "link", "img", "iframe"):
        for attributes in found.of(tag):
            for name in ("src", "href"):
                assert attributes.get(name, "data:").startswith("data:")
    assert not re.search(r"url\(|@import", html[: html.index("</style>")])


def test_verdicts_with_their_numbers(html):
    text = re.sub(r"<[^>]*>", " ", html)
    for word in ("3 claims", "1 hold", "1 do not hold", "1 not measured", "S 3 at most 1 no"):
        assert word in " ".join(text.split())
    rows = [row for row in Elements(html).of("article") if "data-verdict" in row]
    assert [row["data-verdict"] for row in rows] == ["holds", "does not hold", "not measured"]


def test_it_says_what_it_leaves_out(html):
    assert 'id="quick"' in html
    assert "heads" in html[html.index('id="left-out"') :]
    whole = page(VERDICTS, FIGURES, {})
    assert 'id="quick"' not in whole
    assert 'id="left-out"' not in whole


def test_data_cannot_end_a_script(html):
    scripts = Elements(html).scripts
    assert len(scripts) == 2
    (call,) = re.findall(r'vegaEmbed\("#chart-1", (.*), {actions', scripts[1])
    (data,) = json.loads(call)["datasets"].values()
    assert data == [{"x": BAD}]
    assert "<" not in call


def test_a_rerun_gives_the_same_bytes(html):
    assert page(VERDICTS, FIGURES, {"Chart": CHART}, left_out=["heads"], quick=True) == html


def test_charts_have_a_menu_a_choice_and_the_rows_of_the_table(quick_results):
    charts = charts_of({"block_structure": quick_results["block_structure"]})
    (chart,) = charts.values()
    with alt.data_transformers.disable_max_rows():
        made = chart.to_dict()
    (rows,) = made["datasets"].values()
    table = quick_results["block_structure"].rows("block_norms")
    shown = table[table["off_diagonal_norm2"] > 0].groupby(["case", "n_classes"]).size()
    told = {(r["layer"].lower().replace(", ", "-"), r["n_classes"]) for r in rows}
    assert told == set(shown.index)
    menus = {p["bind"]["name"].strip() for p in made["params"] if isinstance(p.get("bind"), dict)}
    assert menus == {"layer and loss"}


def test_from_folders_to_the_page(quick_results, tmp_path):
    quick_results["block_structure"]
    figure = tmp_path / "block_structure" / "norm_ratio"
    figure.parent.mkdir()
    figure.with_suffix(".png").write_bytes(b"not a picture")
    figure.with_suffix(".txt").write_text("Its caption.\n", encoding="utf-8")
    assert figures_in(figure.parent, "block_structure")["norm_ratio"].caption == "Its caption."
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "block_structure").symlink_to(quick_results["block_structure"].store.folder)
    verdicts, unfinished, html, markdown = gather("paper_claims", folder, tmp_path)
    assert unfinished == {}
    assert 'id="unfinished"' not in html
    words = {v.claim.sweep: v.word for v in verdicts}
    assert words.pop("block_structure") == "holds"
    assert set(words.values()) <= {"not measured"}
    assert "Its caption." in html
    assert markdown.count("\n| ") == len(verdicts) + len({v.claim.paper for v in verdicts})
    for package in ("elsewhere", "os"):
        with pytest.raises(ValueError, match=f"no package {package}"):
            gather(package, folder, tmp_path)


def test_an_unfinished_sweep_is_told(quick_results, tmp_path):
    whole = quick_results["block_structure"].store.folder
    folder = tmp_path / "results" / "block_structure"
    shutil.copytree(whole, folder)
    table = pd.read_parquet(folder / "table.parquet")
    table[3:].to_parquet(folder / "table.parquet")
    _, unfinished, html, _ = gather("paper_claims", tmp_path / "results", tmp_path)
    assert unfinished == {"block_structure": 3}
    assert "block_structure lacks 3 points." in html[html.index('id="unfinished"') :]


def test_claims_of_neither_paper_are_not_told_of_them():
    def mine(results):
        """It is so."""
        yield at_most("R", 0.1, 1)

    about = {"source": "me", "sweep": "s", "figure": "f", "test": "", "measured": ["x"]}
    html = page([judged(claim(**about)(mine), object())], {}, {}, package="my_claims")
    assert "my_claims/mine.py" in html
    for word in ("[D]", "[W]", "paper_claims", "tests/claims/", "convolution"):
        assert word not in html
