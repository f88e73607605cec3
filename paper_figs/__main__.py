"""Several figures of one sweep: ``python -m paper_figs RESULTS FIGURES NAME [NAME …]``."""

import sys
from importlib import import_module

from paper_figs.style import draw_and_save

if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: python -m paper_figs RESULTS FIGURES NAME [NAME …]")
    results, figures, *names = sys.argv[1:]
    for name in names:
        draw_and_save(import_module(f"paper_figs.fig_{name}").draw, name, results, figures)
