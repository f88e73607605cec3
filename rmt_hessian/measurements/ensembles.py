"""How a sweep file writes an `Ensemble`: its fields are parameters, and `widths` may name others.

A measurement that takes an `Ensemble` is given its fields by the file. A name among the widths, as
in ``widths = ["d", "m", "C"]``, stands for the parameter of that name, so that a width can be an
axis; names that mean nothing else to the measurement end there.
"""

import inspect
from typing import Annotated, Literal, get_origin

from rmt_hessian.ensemble import FEWEST_CLASSES, Ensemble
from rmt_hessian.initialisation import INIT_GAINS
from rmt_hessian.measurements.parameters import Count, Index, Widths

WIDTHS = "widths"
SIZES = ("n_inputs", "n_classes", "n_hidden")  # columns that widths have in the table
NEEDED = inspect.Parameter.empty
FIELDS = {  # of an ensemble: annotation, default
    WIDTHS: (Widths, NEEDED),
    "layer": (Index, NEEDED),
    "loss": (Literal[tuple(FEWEST_CLASSES)], NEEDED),
    "n_samples": (Count, NEEDED),
    "init": (Literal[tuple(INIT_GAINS)], Ensemble.init),
}


def written_parameters(parameters):
    """What a file may set for the parameters of a function: for an `Ensemble` its fields.

    Raises
    ------
    TypeError
        If it takes two of them, or one and a parameter of the name of a field.
    """
    described = [name for name, parameter in parameters.items() if _checks(parameter) is not None]
    if len(described) > 1:
        raise TypeError(f"must take one Ensemble, got {' and '.join(described)}")
    if described and (twice := sorted(set(FIELDS) & set(parameters))):
        raise TypeError(f"must not have a parameter {twice[0]!r} beside an Ensemble, which has one")
    written = {}
    for name, parameter in parameters.items():
        if _checks(parameter) is None:
            written[name] = parameter
        else:
            written |= {
                field: parameter.replace(name=field, annotation=annotation, default=default)
                for field, (annotation, default) in FIELDS.items()
            }
    return written


def arguments(parameters, values):
    """The arguments of a function from what a file says: fields become an `Ensemble`.

    Raises
    ------
    ValueError, IndexError
        If there is no such ensemble, or the measurement does not cover it.
    """
    given = dict(values)
    for name, parameter in parameters.items():
        checks = _checks(parameter)
        if checks is not None:
            ens = Ensemble(**{field: given.pop(field) for field in FIELDS if field in given})
            for check in checks:
                check(ens)
            given[name] = ens
    return given


def _checks(parameter):
    """The functions that an annotation asks an `Ensemble` to pass; None if it is another thing."""
    annotation, checks = parameter.annotation, ()
    if get_origin(annotation) is Annotated:
        annotation, checks = annotation.__origin__, annotation.__metadata__
    return checks if annotation is Ensemble else None


def two_units(ens):
    """Refuse a layer of one unit: it has no block off the diagonal."""
    if ens.n_units < 2:
        raise ValueError(f"widths[{ens.layer + 1}] must be at least 2, got {ens.n_units}")


def check_widths(widths):
    """Raise ValueError unless it is a list of numbers and names of parameters, two or more."""
    wanted = "must be a list of at least two whole numbers or names of parameters"
    if not _is_list(widths) or len(widths) < 2:
        raise ValueError(f"{WIDTHS} = {widths!r}: {wanted}")
    for width in widths:
        if not (isinstance(width, str) or (type(width) is int and width > 0)):
            raise ValueError(f"{WIDTHS} = {widths!r}: {wanted}, got {width!r}")


def names_in(widths):
    """The parameters that a list of widths names."""
    return {width for width in widths if isinstance(width, str)} if _is_list(widths) else set()


def with_sizes(values, own):
    """The parameters of a point: widths as numbers, without names that are not its own.

    Fields of an ensemble in one way: with their defaults, layers counted from the first.

    Parameters
    ----------
    values : dict
    own : dict
        The parameters that a file may set, as `written_parameters` gives them.
    """
    if not _is_list(values.get(WIDTHS)):
        return values
    widths = [values[w] if isinstance(w, str) else w for w in values[WIDTHS]]
    point = {name: value for name, value in values.items() if name in own} | {WIDTHS: widths}
    if not FIELDS.keys() <= own.keys():  # widths without an ensemble
        return point
    defaults = {name: default for name, (_, default) in FIELDS.items() if default is not NEEDED}
    point = defaults | point
    n_layers, layer = len(widths) - 1, point["layer"]
    if type(layer) is int and -n_layers <= layer < 0:
        point["layer"] = layer + n_layers
    return point


def columns(values):
    """Columns of the table for the parameters of a point: widths as text, and by their names."""
    if not _is_list(values.get(WIDTHS)):
        return values
    first, *hidden, last = values[WIDTHS]
    sizes = {"n_inputs": first, "n_classes": last}
    if len(set(hidden)) == 1:
        sizes["n_hidden"] = hidden[0]
    text = "-".join(map(str, values[WIDTHS]))
    return {name: text if name == WIDTHS else value for name, value in values.items()} | {
        name: size for name, size in sizes.items() if name not in values
    }


def taken_columns(values):
    """The names of columns that parameters may take: of `columns`, whatever the widths are."""
    return {*values, *(SIZES if _is_list(values.get(WIDTHS)) else ())}


def _is_list(widths):
    return isinstance(widths, list)
