"""What a sweep file may set of a measurement: its parameters, for an `Ensemble` the fields of one.

A name among the widths, as in ``widths = ["d", "m", "C"]``, stands for the parameter of that name,
so that a width can be an axis; names that mean nothing else to the measurement end there.
"""

import inspect
from typing import Annotated, Literal, get_origin

from rmt_hessian.activations import ACTIVATIONS
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
    "activation": (Literal[tuple(ACTIVATIONS)], Ensemble.activation),
}
LEFT_OUT = {"activation"}  # of a point where it is the default: keys are older than this field
BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def parameters_of(function):
    """What a file may set, ``{name: inspect.Parameter}``.

    Raises TypeError unless it takes a generator first, then parameters by name, among them at most
    one ensemble, and then no other of the name of a field.
    """
    own = _signature(function)
    name, _ = _ensemble_among(own)
    if name is None:
        return own
    if twice := sorted(set(FIELDS) & set(own)):
        raise TypeError(f"must not have a parameter {twice[0]!r} beside an Ensemble, which has one")
    ens = own.pop(name)
    return {
        field: ens.replace(name=field, annotation=annotation, default=default)
        for field, (annotation, default) in FIELDS.items()
    } | own


def arguments(function, values):
    """The keyword arguments of a measurement at the parameters of a point.

    Raises ValueError or IndexError if there is no such ensemble, or it is not covered.
    """
    name, checks = _ensemble_among(_signature(function))
    if name is None:
        return values
    given = dict(values)
    ens = Ensemble(**{field: given.pop(field) for field in FIELDS if field in given})
    for check in checks:
        check(ens)
    return given | {name: ens}


def _ensemble_among(parameters):
    """Name of the parameter that is an `Ensemble`, and the checks that its annotation asks for."""
    found = []
    for name, parameter in parameters.items():
        annotation, checks = parameter.annotation, ()
        if get_origin(annotation) is Annotated:
            annotation, checks = annotation.__origin__, annotation.__metadata__
        if annotation is Ensemble:
            found.append((name, checks))
    if len(found) > 1:
        raise TypeError(f"must take one Ensemble, got {' and '.join(name for name, _ in found)}")
    return found[0] if found else (None, ())


def _signature(function):
    """Its parameters by name, without the random generator that comes first."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except Exception:  # an annotation may be any text: what it lacks is said where it is checked
        try:
            signature = inspect.signature(function)
        except ValueError:  # none that Python tells
            signature = inspect.Signature()
    first, *others = signature.parameters.values() or [None]
    if not first or first.kind not in BY_PLACE or any(p.kind not in BY_NAME for p in others):
        raise TypeError("must take a random generator first, then parameters by name")
    return {parameter.name: parameter for parameter in others}


def check_widths(widths):
    """Raise ValueError unless it is a list of numbers and names of parameters, two or more."""
    wanted = f"{WIDTHS} = {widths!r}: must be a list of at least two whole numbers or names of "
    wanted += "parameters"
    if not isinstance(widths, list) or len(widths) < 2:
        raise ValueError(wanted)
    for width in widths:
        if not (isinstance(width, str) or (type(width) is int and width > 0)):
            raise ValueError(f"{wanted}, got {width!r}")


def names_in(widths):
    """The parameters that a list of widths names."""
    return {w for w in widths if isinstance(w, str)} if isinstance(widths, list) else set()


def with_sizes(values, own):
    """The parameters of a point: widths as numbers, without names that are not its own.

    Fields of an ensemble in one way: with their defaults, layers counted from the first. ``own``:
    what a file may set, `parameters_of`.
    """
    if not isinstance(values.get(WIDTHS), list):
        return values
    widths = [values[w] if isinstance(w, str) else w for w in values[WIDTHS]]
    point = {name: value for name, value in values.items() if name in own} | {WIDTHS: widths}
    if not FIELDS.keys() <= own.keys():  # widths without an ensemble
        return point
    defaults = {name: default for name, (_, default) in FIELDS.items() if default is not NEEDED}
    point = defaults | point
    for name in LEFT_OUT:
        if point[name] == defaults[name]:
            del point[name]
    n_layers, layer = len(widths) - 1, point["layer"]
    if type(layer) is int and -n_layers <= layer < 0:
        point["layer"] = layer + n_layers
    return point


def columns(values):
    """Columns of the table for the parameters of a point: widths as text, and by their names.

    Of an ensemble with the defaults that are left out of a point.
    """
    if not isinstance(values.get(WIDTHS), list):
        return values
    first, *hidden, last = values[WIDTHS]
    sizes = {"n_inputs": first, "n_classes": last}
    if len(set(hidden)) == 1:
        sizes["n_hidden"] = hidden[0]
    told = values | {WIDTHS: "-".join(map(str, values[WIDTHS]))}
    if "init" in values:  # of an ensemble
        told |= {name: FIELDS[name][1] for name in LEFT_OUT if name not in values}
    return told | {name: size for name, size in sizes.items() if name not in values}
