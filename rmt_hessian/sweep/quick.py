"""The small sizes of a sweep file: what the tables ``quick`` of its grids put in."""

import tomllib

import tomli_w

from rmt_hessian.sweep.grid import ConfigError

PLACES = "fixed", "axes", "together"


def quickly(text, path):
    """The text of a sweep file at its small sizes.

    A grid with a table ``quick`` takes its values, each where the parameter stands in the grid
    (``seeds`` too); grids without one are left out.

    Parameters
    ----------
    text : str
        A valid sweep file.
    path : for messages

    Raises `ConfigError` if no grid has small sizes, or one names what its grid does not set.
    """
    content = tomllib.loads(text)
    grids = [grid for grid in content["grid"] if "quick" in grid]
    if not grids:
        raise ConfigError(f"{path}: no grid has quick, the values of a small run")
    for grid in grids:
        for name, value in grid.pop("quick").items():
            home = next((grid[p] for p in PLACES if name in grid.get(p, {})), None)
            if home is None and name != "seeds":
                raise ConfigError(f"{path}: quick sets {name!r}, which its grid does not")
            (grid if home is None else home)[name] = value
    content["grid"] = grids
    return tomli_w.dumps(content)
