"""Keep docstrings of properties whole: napoleon takes what stands before a colon for a type."""


def _begin_with_an_empty_line(app, what, name, obj, options, lines):
    if what in ("attribute", "property"):
        lines.insert(0, "")


def setup(app):
    """Register with Sphinx, before napoleon."""
    app.connect("autodoc-process-docstring", _begin_with_an_empty_line, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
