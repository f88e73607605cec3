"""What users call is typed, and says so: `mypy` of their own code sees it."""

import importlib
import inspect
import re
from importlib.resources import files

import pytest

import rmt_hessian as rh
from rmt_hessian import ensemble, plotting
from rmt_hessian.theory import coverage, predict

# not yet annotated
UNTYPED = {
    "rmt_hessian.hessian.layer",
    "rmt_hessian.hessian.network",
    "rmt_hessian.kronecker_product",
    "rmt_hessian.operators",
    "rmt_hessian.spectra.kronecker",
    "rmt_hessian.spectra.network_kronecker",
    "rmt_hessian.theory.structure.factors",
}


def modules():
    """Those in the maps of the two packages, and those whose every function is for users."""
    yield from (coverage, ensemble, plotting, predict)
    for package in (rh, rh.theory):
        for name in re.findall(r"^\* ``([\w.]+)``:", package.__doc__, flags=re.MULTILINE):
            yield importlib.import_module(f"{package.__name__}.{name}")


def public():
    """What is exported, and what is defined in the `modules`."""
    for package in (rh, rh.theory):
        yield from (getattr(package, name) for name in package.__all__)
    for module in modules():
        for name, thing in vars(module).items():
            if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__:
                yield thing


def methods(kind):
    """Functions, properties and class methods of a class of this package, private ones left out."""
    for base in kind.__mro__:
        if base.__module__.startswith("rmt_hessian."):
            for name, member in vars(base).items():
                member = getattr(member, "func", member)  # of a cached property
                member = getattr(member, "fget", member)
                member = getattr(member, "__func__", member)
                public = not name.startswith("_") or name in ("__init__", "__call__", "__matmul__")
                if public and inspect.isfunction(member):
                    yield member


def functions():
    """Each public function or method once, by its name."""
    found = {}
    for thing in public():
        if inspect.isroutine(thing) or inspect.isclass(thing):
            for function in methods(thing) if inspect.isclass(thing) else [thing]:
                found[f"{function.__module__}.{function.__qualname__}"] = function
    return found


def missing(function):
    """What of its signature has no annotation."""
    signature = inspect.signature(function)
    names = [
        name
        for k, (name, parameter) in enumerate(signature.parameters.items())
        if parameter.annotation is parameter.empty and not (k == 0 and name in ("self", "cls"))
    ]
    return names + ["return"] * (signature.return_annotation is signature.empty)


FUNCTIONS = functions()


@pytest.mark.parametrize("name", [n for n, f in FUNCTIONS.items() if f.__module__ not in UNTYPED])
def test_public_functions_are_annotated(name):
    assert missing(FUNCTIONS[name]) == []


def test_modules_without_types_are_no_more_than_these():
    untyped = {f.__module__ for f in FUNCTIONS.values() if missing(f)}
    assert untyped == UNTYPED, "take what is typed off UNTYPED, and off what mypy excludes"


def test_all_kinds_of_functions_are_found():
    wanted = "draw", "Network.random", "Network.forward", "SpectralLaw.pdf", "LayerMoments.relu"
    found = {name.partition(".")[2] for name in FUNCTIONS}
    for name in wanted:
        assert any(place.endswith(f".{name}") for place in found), name


def test_the_package_says_that_it_is_typed():
    assert (files("rmt_hessian") / "py.typed").is_file()
