"""Few names where most users look; the docstrings of the packages say where the others are."""

import importlib
import inspect
import pkgutil
import re

import pytest

import rmt_hessian as rh
from tests.interface import PUBLIC


def documented_for_users():
    """Functions and classes of the library whose docstring has errors and an example."""
    for package in ("model", "hessian", "spectra", "theory", "bounds"):
        folder = importlib.import_module(f"rmt_hessian.{package}")
        for found in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}."):
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                is_own = getattr(value, "__module__", None) == module.__name__
                if is_own and callable(value) and not name.startswith("_"):
                    text = inspect.getdoc(value) or ""
                    if "\nRaises\n------" in text and "\nExamples\n--------" in text:
                        yield value


def test_what_is_documented_for_users_is_in_a_list_or_a_map():
    public = set(map(id, PUBLIC.values()))
    assert [
        f"{f.__module__}.{f.__name__}" for f in documented_for_users() if id(f) not in public
    ] == []


@pytest.mark.parametrize(("package", "most"), [(rh, 49), (rh.theory, 31)], ids=["top", "theory"])
def test_lists_are_short(package, most):
    assert len(package.__all__) == len(set(package.__all__)) <= most


def test_a_name_has_one_home_that_users_are_told():
    for name, value in PUBLIC.items():
        package = rh.theory if name.startswith("theory.") else rh
        short = name.removeprefix("theory.")
        told = short in package.__all__
        assert told or not hasattr(package, short), f"{name} is no name of {package.__name__}"
        assert value.__name__ == short


@pytest.mark.parametrize("package", ["autograd", "hessian", "spectra", "model", "theory.laws"])
def test_every_module_has_a_line_in_the_docstring_of_its_package(package):
    folder = importlib.import_module(f"rmt_hessian.{package}")
    modules = [found.name for found in pkgutil.iter_modules(folder.__path__)]
    assert sorted(re.findall(r"^\* ``(\w+)``: ", folder.__doc__, re.MULTILINE)) == sorted(modules)
