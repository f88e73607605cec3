"""The table of claims in Markdown."""

HEAD = """\
# Claims

Written by `make paper` from the files in `paper_claims/` and the results of its sweeps: every claim
of [D] (*Towards Quantifying the Hessian Structure of Neural Networks*, arXiv 2505.02809) and [W]
(*Dissecting Hessian*, arXiv 2010.04261) that is tried here, and those of this package, each with
the test that holds it and the verdict of the last run at full sizes. `report.html` has figures and
all numbers.
"""
TAIL = """
No closed form is known here for layers of a convolution or of attention: a weight sees a sample
several times, and the Hessian of the layer is no mean of products of one output Hessian and one
feature vector a sample. No claim is made about them.
"""


def claims_table(verdicts):
    """Markdown: a section a paper, a row a claim.

    Parameters
    ----------
    verdicts : list of Verdict
    """
    papers = dict.fromkeys(verdict.claim.paper for verdict in verdicts)
    sections = [
        f"\n## {paper[0].upper()}{paper[1:]}\n\n| claim | test | verdict |\n|---|---|---|\n"
        + "".join(_row(verdict) for verdict in verdicts if verdict.claim.paper == paper)
        for paper in papers
    ]
    return HEAD + "".join(sections) + TAIL


def _row(verdict):
    claim = verdict.claim
    where = claim.source.removeprefix(claim.paper).lstrip(", ")
    file, _, name = claim.test.partition("::")
    test = f"[`{file.removesuffix('.py')}`](../tests/claims/{file})" + (
        f" `{name}`" if name else ""
    )
    said = f"{claim.statement} ({where})" if where else claim.statement
    cells = (said, test, f"**{verdict.word}**{': ' + verdict.how if verdict.how else ''}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
