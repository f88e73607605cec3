"""Keep docstrings of properties whole: napoleon takes what stands before a colon for a type."""

import inspect

from sphinx.ext.napoleon import NumpyDocstring


def _read_as_that_of_a_method(app, what, name, obj, options, lines):
    if what == "property":
        text = inspect.getdoc(obj) or ""
        lines[:] = NumpyDocstring(text, app.config, app, "method", name, obj, options).lines()


def setup(app):
    """Register with Sphinx, after napoleon."""
    app.connect("autodoc-process-docstring", _read_as_that_of_a_method, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
