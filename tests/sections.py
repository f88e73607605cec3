"""What a report would print, as data; what every printed section keeps to."""

import re

from rmt_hessian.report import report_of, sections_of
from rmt_hessian.report.layout import format_section
from rmt_hessian.report.parameters import MEANINGS


def tables(sections):
    """Tables by title."""
    return {section.title: section.table for section in sections}


def require_legible(table):
    """Tables by title of all sections, each of which a terminal of 100 columns can show.

    Every column that has a value is explained, and no other; no line is longer.
    """
    sections = list(sections_of(table))
    for section in sections:
        text = format_section(section)
        shown = [name for name in section.table if has_values(section.table[name])]
        assert explained(text, section) == set(shown), section.title
        for name in shown:
            assert name in section.columns or name in MEANINGS, (section.title, name)
        assert max(map(len, text.splitlines())) <= 100, section.title
        assert not re.search("nan|<NA>|None", text), section.title
    assert report_of(table) == "\n\n".join(map(format_section, sections))
    return tables(sections)


def explained(text, section):
    """Columns of a section that the legend names, the last lines of its text."""
    names = {n: rf"^  ([^ ].*, )?{re.escape(n)}(, |,$|:$|  )" for n in section.table}
    in_order = [*section.parameters, *section.results]
    first = next(name for name in in_order if has_values(section.table[name]))
    start = [found.start() for found in re.finditer(names[first], text, re.MULTILINE)][-1]
    return {name for name, at in names.items() if re.search(at, text[start:], re.MULTILINE)}


def has_values(column):
    return not (column.isna() | (column.astype(object) == "–")).all()
