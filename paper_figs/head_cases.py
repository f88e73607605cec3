"""Trained heads that come with packages: their names, colours, and rows of tables."""

from paper_figs.style import rows_of
from rmt_hessian.plotting import COLOURS

HEADS = {  # colour, title
    "digits": ("grey", "digits"),
    "mnist": (None, "MNIST"),
    "magika": ("blue", "file types"),
    "ppocr-v4": ("vermilion", "PP-OCRv4"),
    "ppocr-v4-joined": ("orange", "PP-OCRv4, no spaces"),
    "ppocr-v6": ("green", "PP-OCRv6"),
    "ppocr-v6-joined": ("purple", "PP-OCRv6, no spaces"),
}


def colour(head):
    """Of the palette, and near black."""
    return COLOURS.get(HEADS[head][0], "0.1")


def title(head):
    """Words for a head."""
    return HEADS[head][1]


def in_order(heads):
    """The heads that are found, as they are listed here."""
    found = set(heads)
    return [head for head in HEADS if head in found]


def available(store, measurement, *, needed=False):
    """Rows of heads that there are: packages of some are not for every Python."""
    rows = rows_of(store, measurement, needed=needed)
    return rows[rows["available"].astype(bool)] if len(rows) else rows


def missing(store, measurement):
    """A sentence about the heads that there are not; none if there are all."""
    rows = rows_of(store, measurement)
    lacking = in_order(set(rows["head"]) - set(available(store, measurement)["head"]))
    names = "; ".join(title(head) for head in lacking)
    return f"Not here, for their package is not for this Python: {names}." if lacking else ""


def sizes(rows):
    """Words for how many samples heads have: ``N = 2000 (digits 1797)``."""
    measured = rows.groupby("head", sort=False)["n_measured"].max()
    usual = measured.mode().max()
    others = [f"{title(head)} {n:.0f}" for head, n in measured.items() if n != usual]
    return f"N = {usual:.0f}" + (f" ({'; '.join(others)})" if others else "")
