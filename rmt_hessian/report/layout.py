"""A section of a report as text of at most 100 columns, with the meaning of every column."""

import re
import textwrap
from itertools import chain, zip_longest

import numpy as np
import pandas as pd

from rmt_hessian.report.parameters import meaning_of

WIDTH = 100
WIDEST = 34  # columns of a cell, beyond which it goes on below
HEADINGS = (12, 9, 6)  # columns of a heading: it is broken further where that saves a table
OF_PARAMETERS = 64  # columns of parameters; where they take more, a table numbers its rows
NAMES = 30  # of the names in the legend, beyond which the meaning stands below
NONE = "–"
UNBROKEN = "\N{NO-BREAK SPACE}"
ROW = "#"


def format_section(section):
    """Title, tables and legend.

    What has no value is left out; a parameter that is the same in all rows is told in the title. A
    table that is too wide goes on below, with its parameters again.
    """
    table = section.table.reset_index(drop=True)
    cells = {name: _cells(table[name], name in section.columns) for name in table}
    cells = {name: texts for name, texts in cells.items() if set(texts) != {NONE}}
    results = [name for name in section.results if name in cells]
    parameters = [name for name in section.parameters if name in cells]
    same = [name for name in parameters if len(set(cells[name])) == 1]
    varying = [name for name in parameters if name not in same]
    title = section.title
    if same:
        title += f" In all rows: {', '.join(f'{name} = {cells[name][0]}' for name in same)}."
    meanings = {name: meaning_of(name) for name in parameters}
    right = {*results, *table.select_dtypes("number")}
    layouts = []
    for least in HEADINGS:
        columns = {n: _column(n, cells[n], n in right, least) for n in varying + results}
        layouts.append((columns, _parts(varying, results, columns)))
    columns, parts = min(layouts, key=lambda layout: len(layout[1]))
    if ROW in parts[0]:
        columns[ROW] = _column(ROW, _numbers(table), True)
        meanings[ROW] = "row of the table of parameters"
    blocks = [
        _lines([columns[name] for name in part], _rows_of(part, results, cells, len(table)))
        for part in parts
    ]
    meanings |= {name: section.columns[name] for name in results}
    return "\n".join([_wrapped(title), *blocks, *_legend(meanings)])


def _parts(parameters, results, columns):
    """Names of the columns of each table, of which the first ones tell the rows apart."""
    every = _width(columns[name] for name in parameters + results)
    if every <= WIDTH or _width(columns[name] for name in parameters) <= OF_PARAMETERS:
        return _fitting(parameters, results, columns)
    columns = columns | {ROW: _column(ROW, _numbers(columns[parameters[0]][1:]), True)}
    return [*_fitting([ROW], parameters, columns), *_fitting([ROW], results, columns)]


def _rows_of(part, results, cells, n_rows):
    """Rows that a part of the table shows: not those that have values in other parts alone."""
    here = [name for name in part if name in results] or results

    def known(row, names):
        return any(cells[name][row] != NONE for name in names)

    return [row for row in range(n_rows) if known(row, here) or not known(row, results)]


def _numbers(rows):
    return [str(1 + place) for place in range(len(rows))]


def _cells(values, measured):
    return [_told(value, measured) for value in values]


def _told(value, measured):
    """A cell: what was measured to four digits, a parameter to its last one."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return NONE
    if isinstance(value, float | np.floating):
        if measured:
            return f"{value:.4g}"
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    return str(value)


def _column(name, texts, right, least=0):
    """Lines of the heading, and of each cell, of one width."""
    own = max((len(text) for text in texts), default=0)
    width = min(max(own, least), WIDEST)
    heading = _broken(name, width)
    cells = [textwrap.wrap(text, WIDEST) or [""] for text in texts]
    width = max(len(line) for lines in (heading, *cells) for line in lines)
    align = str.rjust if right else str.ljust
    return [[align(line, width) for line in lines] for lines in (heading, *cells)]


def _broken(name, width):
    """A heading in lines of about a width: a piece of it stays whole where it can."""
    lines = [""]
    for piece in re.findall(rf"[^_ ]{{1,{WIDEST}}}_*|_+", name):
        joined = f"{lines[-1]}{'' if lines[-1].endswith('_') else ' '}{piece}".lstrip()
        if lines[-1] and len(joined) > width:
            lines.append(piece)
        else:
            lines[-1] = joined
    return lines


def _width(columns):
    return sum(2 + len(lines[0][0]) for lines in columns)


def _fitting(first, names, columns):
    """Names in parts whose columns fit beside the first ones; each part begins with these."""
    parts = [[*first]]
    for name in names:
        if _width(columns[n] for n in [*parts[-1], name]) > WIDTH and len(parts[-1]) > len(first):
            parts.append([*first])
        parts[-1].append(name)
    return parts


def _lines(columns, rows):
    """Headings, which end on one line, and some rows, whose cells begin on one."""
    headings = _beside([list(reversed(column[0])) for column in columns])[::-1]
    return "\n".join(chain(headings, *(_beside([c[1 + row] for c in columns]) for row in rows)))


def _beside(cells):
    """Cells of several lines each, as lines: two blanks before each cell."""
    blank = [" " * len(lines[0]) for lines in cells]
    return [
        "".join(f"  {text or empty}" for text, empty in zip(line, blank, strict=True)).rstrip()
        for line in zip_longest(*cells)
    ]


def _legend(meanings):
    """A line for each meaning, below it all columns that have it."""
    names = {}
    for name, meaning in meanings.items():
        names.setdefault(meaning, []).append(name)
    told = {", ".join(of): meaning for meaning, of in names.items()}
    width = max((len(name) for name in told if len(name) <= NAMES), default=0)
    for name, meaning in told.items():
        if len(name) > width:
            yield _wrapped(f"{name}:", "  ", "  ")
            yield _wrapped(meaning, *[" " * (width + 4)] * 2)
        else:
            yield _wrapped(f"{name:<{width}}  {meaning}", "  ", " " * (width + 4))


def _wrapped(text, first="", rest=""):
    whole = text.replace(" = ", f"{UNBROKEN}={UNBROKEN}")
    filled = textwrap.fill(
        whole, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
    return filled.replace(UNBROKEN, " ")
