"""Build the site: ``make docs``. Nothing is asked of the net, by the build or by its pages."""

import sys
from importlib.util import find_spec
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "_ext")]

from rmt_hessian import __version__  # noqa: E402

project, release, author = "rmt_hessian", __version__, "the rmt_hessian developers"
copyright = author
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "links",
    "github_math",
    "property_docs",
]
exclude_patterns = ["gallery/**/*.ipynb", "gallery/**/*.py", "examples"]
nitpicky = True

# pages, as GitHub reads them too
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 3
myst_dmath_allow_space = False

# docstrings
autodoc_typehints = "none"  # types stand in the docstrings
autodoc_member_order = "bysource"
autosummary_generate = False  # `api_pages` writes the pages
napoleon_google_docstring = False
napoleon_use_ivar = True

# The package's one file without fonts, in place of its extension: that copies 24 MB, and Sphinx
# warns of it when it builds on several cores.
mathjax_file = "tex-svg-full.js"
mathjax_folder = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
mathjax_path = mathjax_file

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "capture_repr": (),
    "download_all_examples": False,
    "notebook_extensions": set(),
    "min_reported_time": 1e9,  # no times, which differ from build to build
    "reference_url": {"rmt_hessian": None},  # names in the code lead to their pages here
    "reset_modules": ("matplotlib", "gallery_dpi.fine"),
    "subsection_order": [
        f"examples/{group}"
        for group in [
            "spectra",
            "norms",
            "rank",
            "eigenspaces",
            "training",
            "optimum",
            "heads",
            "bounds",
        ]
    ],
    "within_subsection_order": "FileNameSortKey",
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "furo"
html_title = f"rmt_hessian {release}"
html_static_path = ["_static", str(mathjax_folder / mathjax_file)]
html_css_files = ["site.css"]
html_copy_source = False
html_show_search_summary = False  # it reads pages by fetch(), which browsers refuse to file://
html_show_sphinx = False
pygments_style, pygments_dark_style = "friendly", "github-dark"
copybutton_prompt_text, copybutton_prompt_is_regexp = r">>> |\.\.\. ", True
