"""What a sweep file may set of a measurement: its parameters, for a description the fields of one.

A description is an `Ensemble`, or any dataclass with annotated fields, such as `TrainingRun`.

A name among the widths, as in ``widths = ["d", "m", "C"]``, stands for the parameter of that name,
so that a width can be an axis; names that mean nothing else to the measurement end there.
"""

import inspect
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Literal, get_origin, get_type_hints

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
    one description, and then no other of the name of a field.
    """
    own = _signature(function)
    name, kind, _ = _description_among(own)
    if name is None:
        return own
    known = _fields_of(kind)
    if twice := sorted(set(known) & set(own)):
        article = "an" if kind is Ensemble else "a"
        beside = f"beside {article} {kind.__name__}, which has one"
        raise TypeError(f"must not have a parameter {twice[0]!r} {beside}")
    described = own.pop(name)
    return {
        field: described.replace(name=field, annotation=annotation, default=default)
        for field, (annotation, default) in known.items()
    } | own


def arguments(function, values):
    """The keyword arguments of a measurement at the parameters of a point.

    Raises ValueError or IndexError if there is no such description, or it is not covered.
    """
    name, kind, checks = _description_among(_signature(function))
    if name is None:
        return values
    given = dict(values)
    described = kind(**{field: given.pop(field) for field in _fields_of(kind) if field in given})
    for check in checks:
        check(described)
    return given | {name: described}


def _fields_of(kind):
    """``{name: (annotation, default)}`` of a description."""
    if kind is Ensemble:
        return FIELDS
    annotations = get_type_hints(kind, include_extras=True)
    return {
        field.name: (annotations[field.name], NEEDED if field.default is MISSING else field.default)
        for field in fields(kind)
    }


def _description_among(parameters):
    """Name and class of the parameter that is a description, and the checks of its annotation."""
    found = []
    for name, parameter in parameters.items():
        annotation, checks = parameter.annotation, ()
        if get_origin(annotation) is Annotated:
            annotation, checks = annotation.__origin__, annotation.__metadata__
        if inspect.isclass(annotation) and is_dataclass(annotation):
            found.append((name, annotation, checks))
    if len(found) > 1:
        names = " and ".join(name for name, *_ in found)
        raise TypeError(f"must take one description, got {names}")
    return found[0] if found else (None, None, ())


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
