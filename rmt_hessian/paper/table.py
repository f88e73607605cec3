"""The table of claims in Markdown, with what tests hold alone."""

import ast
from pathlib import Path

HEAD = """\
# Claims

Written by `make paper` from the files in `paper_claims/` and the results of its sweeps: every claim
of [D] (*Towards Quantifying the Hessian Structure of Neural Networks*, arXiv 2505.02809) and [W]
(*Dissecting Hessian*, arXiv 2010.04261) that is tried here, and those of this package, each with
the test that holds it and the verdict of the last run at full sizes. `report.html` has figures and
all numbers.

Where a paper names no number, the number in the statement is this package's reading of it. Numbers
in statements of this package were written down with results at hand: they tell how near theory and
measurement are, and are no blind predictions.
"""
ALONE = """
## Held by tests alone

| what is tested, without a sweep | test |
|---|---|
"""
TAIL = """
No closed form is known here for layers of a convolution or of attention: a weight sees a sample
several times, and the Hessian of the layer is no mean of products of one output Hessian and one
feature vector a sample. What is claimed of a convolution is measured alone.
"""


def held_by_tests(folder, claims):
    """Files of tests that no claim names, and what each says first.

    Parameters
    ----------
    folder : path of tests/claims
    claims : iterable of Claim

    Returns
    -------
    dict of str to str
    """
    named = {claim.test.partition("::")[0] for claim in claims}
    files = [path for path in sorted(Path(folder).glob("test_*.py")) if path.name not in named]
    trees = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    said = {name: ast.get_docstring(tree) or name for name, tree in trees.items()}
    return {name: " ".join(text.partition("\n\n")[0].split()) for name, text in said.items()}


def claims_table(verdicts, alone):
    """Markdown: a section a paper, a row a claim; then what tests hold alone.

    Parameters
    ----------
    verdicts : list of Verdict
    alone : dict of str to str, from `held_by_tests`
    """
    papers = dict.fromkeys(verdict.claim.paper for verdict in verdicts)
    sections = [
        f"\n## {paper[0].upper()}{paper[1:]}\n\n| claim | test | verdict |\n|---|---|---|\n"
        + "".join(_row(verdict) for verdict in verdicts if verdict.claim.paper == paper)
        for paper in papers
    ]
    rows = [_line(said, _link(file)) for file, said in alone.items()]
    return HEAD + "".join(sections) + (ALONE + "".join(rows) if rows else "") + TAIL


def _link(file):
    return f"[`{file.removesuffix('.py')}`](../tests/claims/{file})"


def _row(verdict):
    claim = verdict.claim
    where = claim.source.removeprefix(claim.paper).lstrip(", ")
    file, _, name = claim.test.partition("::")
    test = (_link(file) if file else "") + (f" `{name}`" if name else "")
    said = f"{claim.statement} ({where})" if where else claim.statement
    return _line(said, test, f"**{verdict.word}**{': ' + verdict.how if verdict.how else ''}")


def _line(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
