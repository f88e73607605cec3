"""Figures for users: each function draws one thing, what the library returns, and labels it.

* `plot_spectrum`: a histogram of eigenvalues, laws over it
* `plot_scree`: the leading ones one by one, to tell a rank
* `plot_hessian`, `plot_block_norms`: a matrix as a picture, of its entries or its blocks
* `plot_ratio`: off-diagonal over diagonal block norms against the number of classes
* `plot_overlap`: how near the top eigenspaces of two networks are, against their dimension

All take ``ax``, axes to draw onto, and return them, so that what they set can be set anew. Without
it they make a figure of their own, with a legend, or a colour bar. ``with style():`` gives
figures the look of this project's; ``plt.style.use("rmt_hessian.plotting.paper")`` is the same,
for good. Matplotlib is imported when something is drawn.
"""

from rmt_hessian.plotting.appearance import COLOURS, style
from rmt_hessian.plotting.overlap import plot_overlap
from rmt_hessian.plotting.pictures import plot_block_norms, plot_hessian
from rmt_hessian.plotting.ratio import plot_ratio
from rmt_hessian.plotting.scree import plot_scree
from rmt_hessian.plotting.spectrum import plot_spectrum

__all__ = [
    "COLOURS",
    "plot_block_norms",
    "plot_hessian",
    "plot_overlap",
    "plot_ratio",
    "plot_scree",
    "plot_spectrum",
    "style",
]
