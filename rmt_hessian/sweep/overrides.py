"""Other values for the parameters of a sweep file: ``C=2,4,8`` on the command line."""

import re
import tomllib

import tomli_w

from rmt_hessian.measurements.registry import find
from rmt_hessian.sweep.grid import ConfigError
from rmt_hessian.sweep.parameters import WIDTHS, names_in, parameters_of

COMMA = re.compile(r""",(?=(?:[^"']*(?:"[^"]*"|'[^']*'))*[^"']*$)""")  # outside quotes
SPECIAL = re.compile(r"""["'=\ud800-\udfff]""")  # what a bare word is not expected to hold
SYMBOLS = {"C": "n_classes", "d": "n_inputs", "N": "n_samples", "m": "n_hidden"}
SYMBOL_OF = {word: symbol for symbol, word in SYMBOLS.items()}


def with_overrides(text, assignments):
    """The text of a sweep file with other values, in every grid that has the parameter.

    Parameters
    ----------
    text : str
        A valid sweep file.
    assignments : iterable of str
        ``name=value,…``: the name of a parameter, or of a width; C, d, N, m stand for n_classes,
        n_inputs, n_samples, n_hidden and the other way round; ``seeds`` or ``root_seed``. One value
        fixes the parameter; several, or a range ``{start=2, stop=64, num=6}``, are an axis. A list
        in brackets is one value; widths that it names no more are dropped.

    Raises `ConfigError` if one cannot be read, no grid has its parameter, or another had it before.
    """
    if not assignments:
        return text
    content, earlier = tomllib.loads(text), {}
    for assignment in assignments:
        name = _assign(content, assignment)
        if name in earlier:
            raise ConfigError(f"--set {assignment}: {name} is set already, by {earlier[name]}")
        earlier[name] = assignment
    return tomli_w.dumps(content)


def _assign(content, assignment):
    """Change the content of a sweep file; returns the full name of what was set."""
    name, equals, written = assignment.partition("=")
    if not (name and equals and written):
        raise ConfigError(f"--set {assignment}: must be name=value or name=value,value,…")
    values = _values(name, written)
    if name in ("seeds", "root_seed"):
        if isinstance(values, dict) or len(values) > 1:
            raise ConfigError(f"--set {assignment}: {name} must be one number")
        for table in content["grid"] if name == "seeds" else [content]:
            table[name] = values[0]
        return name
    allowed = [_names_of(grid) for grid in content["grid"]]
    words = [word for word in (name, SYMBOLS.get(name), SYMBOL_OF.get(name)) if word]
    found = [next((word for word in words if word in names), None) for names in allowed]
    if not any(found):
        known = ", ".join(["seeds", "root_seed", *dict.fromkeys(n for p in allowed for n in p)])
        raise ConfigError(f"--set {assignment}: no grid has {name!r}; allowed: {known}")
    for grid, word in zip(content["grid"], found, strict=True):
        if word in grid.get("together", {}):
            raise ConfigError(
                f"--set {assignment}: {word} changes together with others; edit a copy of the file"
            )
        if word:
            before = _names_of(grid)
            _set(grid, word, values)
            for idle in set(before) - set(_names_of(grid)):  # widths that none names any more
                grid.get("fixed", {}).pop(idle, None)
                grid.get("axes", {}).pop(idle, None)
    return SYMBOLS.get(name, name)


def _names_of(grid):
    """What a grid may set: parameters of its measurement, and what its widths name."""
    own = parameters_of(find(grid["measurement"]))
    given = {name: [value] for name, value in grid.get("fixed", {}).items()}
    given |= grid.get("axes", {}) | grid.get("together", {})
    sizes = (sorted(names_in(widths)) for widths in given.get(WIDTHS, []))
    return dict.fromkeys([*own, *(name for names in sizes for name in names)])


def _set(grid, name, values):
    """An axis stays one, in its place; what is fixed becomes one if there are several values."""
    if isinstance(values, list) and len(values) == 1 and name not in grid.get("axes", {}):
        grid.setdefault("fixed", {})[name] = values[0]
    else:
        grid.get("fixed", {}).pop(name, None)
        grid.setdefault("axes", {})[name] = values


def _values(name, written):
    """What stands after ``name=``: a list of TOML or bare words; the table of a range."""
    if written.startswith("{"):
        try:
            return tomllib.loads(f"x = {written}")["x"]
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"--set {name}={written}: not a range: {error}") from None
    if written.startswith("["):
        return _value(name, f"[{written}]")
    return [_value(name, word.strip()) for word in COMMA.split(written)]


def _value(name, word):
    try:
        return tomllib.loads(f"x = {word}")["x"]
    except tomllib.TOMLDecodeError:
        if strange := SPECIAL.search(word):
            raise ConfigError(
                f"--set {name}: a text with {strange[0]} must be quoted, got {word}"
            ) from None
        return word
