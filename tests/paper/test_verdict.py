"""A verdict is worked out from findings, and only from them."""

import pytest

from rmt_hessian.paper import at_most, claim, constant
from rmt_hessian.paper.table import claims_table
from rmt_hessian.paper.verdicts import claims_of, judged


def made(*findings, **words):
    about = {"source": "[D], Theorem 1", "sweep": "s", "figure": "f", "test": "test_a.py::test_b"}

    def vanishes(results):
        """Blocks vanish,
        and R with them.
        """
        yield from findings

    return claim(**about, measured=["x"], **words)(vanishes)


def test_it_holds_if_all_findings_do_and_tells_constants():
    verdict = judged(made(at_most("R", 0.1, 1), constant("C²R", 1.12)), object())
    assert str(verdict) == "holds: R is 0.1 (at most 1). Besides: C²R is 1.12"
    assert verdict.claim.statement == "Blocks vanish, and R with them."
    assert verdict.claim.paper == "[D]"


def test_one_finding_that_does_not_hold_decides_and_is_told():
    found = made(at_most("R", 0.1, 1), at_most("S", 3, 1), instead="It grows.")
    assert str(judged(found, object())) == "does not hold: S is 3 (at most 1). It grows."


@pytest.mark.parametrize("findings", [(), (constant("C²R", 1.12),)])
def test_without_a_finding_it_is_not_measured(findings):
    assert judged(made(*findings), object()).word == "not measured"
    assert str(judged(made(at_most("R", 0.1, 1)), None)) == "not measured"


def test_the_table_has_a_row_a_claim_with_its_test():
    table = claims_table(
        [judged(made(at_most("|R|", 0.1, 1)), object())], {"test_b.py": "It | is so."}
    )
    (row,) = [line for line in table.splitlines() if line.startswith("| Blocks")]
    assert "(Theorem 1)" in row
    assert "[`test_a`](../tests/claims/test_a.py) `test_b`" in row
    assert row.endswith("| **holds**: \\|R\\| is 0.1 (at most 1) |")
    assert "| It \\| is so. | [`test_b`](../tests/claims/test_b.py) |" in table


def test_what_is_no_claim_is_refused():
    def silent(results):
        yield from ()

    about = {"source": "[D]", "sweep": "s", "figure": "f", "test": "", "measured": ["x"]}
    with pytest.raises(ValueError, match="silent must have a docstring"):
        claim(**about)(silent)
    with pytest.raises(ValueError, match=r"must yield findings, as at_most makes them, got 0\.5"):
        judged(made(0.5), object())


def test_a_function_that_returns_nothing_is_not_measured():
    def nothing(results):
        """It is so."""

    about = {"source": "[D]", "sweep": "s", "figure": "f", "test": "", "measured": ["x"]}
    assert judged(claim(**about)(nothing), object()).word == "not measured"


def test_a_file_without_a_claim_of_its_name_is_refused(tmp_path, monkeypatch):
    (tmp_path / "some_claims").mkdir()
    (tmp_path / "some_claims" / "__init__.py").touch()
    (tmp_path / "some_claims" / "nothing.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"some_claims\.nothing must hold a claim of its own name"):
        claims_of("some_claims")
