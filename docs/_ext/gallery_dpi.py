"""Figures of the gallery as fine as those of ``paper_figs/``: at 200 dots per inch."""

import matplotlib.pyplot as plt


def fine(gallery_conf, name):
    """Set it before each example, as sphinx-gallery asks in ``reset_modules``."""
    plt.rcParams["savefig.dpi"] = 200
