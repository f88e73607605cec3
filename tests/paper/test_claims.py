"""Every claim on small results: its verdict, and another one on numbers changed by hand."""

import ast

import pytest

from rmt_hessian.paper import Results
from rmt_hessian.paper.table import claims_table, held_by_tests
from rmt_hessian.paper.verdicts import FAILS, HOLDS, judged
from tests.paper.conftest import CLAIMS, ROOT, SMALL, SWEEPS

DO_NOT_HOLD = {  # of small results; docs/claims.md has the verdicts of the full ones
    "blocks_within_layers_stay_diagonal",
    "cross_layer_blocks_fall_with_the_loss",
    "decoupled_matrices",
    "exact_basis_bound",
    "overlap_peak_units",
    "real_features_head",
    "stripes_vanish_with_training",
    "trained_gap_random_labels",
    "trained_kronecker_form",
    "trained_peak_classes",
    "trained_peak_units",
    "trained_picture_mse",
    "training_opens_gap",
}
MEASURED = [claim for claim in CLAIMS if claim.sweep in SMALL]


def named(claim):
    return claim.name


@pytest.mark.parametrize("claim", MEASURED, ids=named)
def test_its_verdict_on_small_results(claim, quick_results):
    verdict = judged(claim, quick_results[claim.sweep])
    assert verdict.word == (FAILS if claim.name in DO_NOT_HOLD else HOLDS), str(verdict)


@pytest.mark.parametrize("claim", MEASURED, ids=named)
def test_other_numbers_give_another_verdict(claim, quick_results):
    """Each measured column, multiplied, shifted or turned round, changes what of it holds."""
    results = quick_results[claim.sweep]
    found = _holds(claim, results)
    for column in set(claim.measured) & set(results.table):
        changed = [_holds(claim, Changed(results, column, change)) for change in CHANGES]
        assert set(changed) != {found}, column


def _holds(claim, results):
    return tuple(finding.holds for finding in judged(claim, results).findings)


CHANGES = [
    lambda x: 30 * x + 1,
    lambda x: x / 30,
    lambda x: 1 - x,
    lambda x: 0.5 * x + 0.3,
    lambda x: -x,
]


class Changed:
    """Results with other numbers in a column, where there were numbers."""

    def __init__(self, results, column, change):
        self.table = results.table.assign(**{column: change(results.table[column].astype(float))})
        self.store, self.arrays = results.store, results.arrays

    rows = Results.rows


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
def test_what_it_names_is_there(claim):
    """Sweep, figure of the sweep, and test; a statement and a source of a known kind."""
    sweep = (SWEEPS / f"{claim.sweep}.toml").read_text(encoding="utf-8")
    (figures,) = [line for line in sweep.splitlines() if line.startswith("figures = ")]
    assert f'"{claim.figure}"' in figures
    assert (ROOT / "paper_figs" / f"fig_{claim.figure}.py").exists()
    file, _, test = claim.test.partition("::")
    tree = ast.parse((ROOT / "tests" / "claims" / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert claim.statement.endswith(".")
    assert claim.paper in ("[D]", "[W]", "this package")
    assert claim.measured


def test_every_file_of_theorems_is_named_by_a_claim_or_told_apart():
    folder = ROOT / "tests" / "claims"
    behind = {claim.test.partition("::")[0] for claim in CLAIMS}
    alone = held_by_tests(folder, CLAIMS)
    assert behind | set(alone) == {path.name for path in folder.glob("test_*.py")}
    assert not behind & set(alone)
    assert all(said.endswith(".") for said in alone.values())


def test_the_table_in_the_documents_has_these_claims():
    """All but the verdicts, which need the whole sweeps."""
    unjudged = [judged(claim, None) for claim in CLAIMS]
    wanted = claims_table(unjudged, held_by_tests(ROOT / "tests/claims", CLAIMS))
    found = (ROOT / "docs/claims.md").read_text(encoding="utf-8")
    assert _without_verdicts(found) == _without_verdicts(wanted)
    assert found.count("**not measured") == 0


def _without_verdicts(table):
    return [line.rpartition(" | **")[0] or line for line in table.splitlines()]
