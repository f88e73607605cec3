"""Mathematics in GitHub's second spelling, a dollar and a backtick on each side, as in MyST's."""

import re

INLINE = re.compile(r"\$`(.+?)`\$", re.DOTALL)


def _respell(app, docname, source):
    source[0] = INLINE.sub(r"$\1$", source[0])


def setup(app):
    """Register with Sphinx."""
    app.connect("source-read", _respell)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
