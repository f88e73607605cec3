"""Whoever states a formula says where it comes from, and what is named there exists.

The source stands in the section References of the docstring, or in that of its class. Whether it
derives the formula no test can see.
"""

import inspect
import re
from pathlib import Path

import pytest

import rmt_hessian
from tests.documents.sources import (
    ARXIV,
    CITED,
    DOCS,
    bibliography,
    formulas,
    headings,
    names_a_source,
    places_named,
    references,
    stated,
)
from tests.interface import PUBLIC

PACKAGE = Path(rmt_hessian.__file__).parent
ORDER = [  # of numpydoc
    *("Parameters", "Attributes", "Returns", "Raises", "See Also", "Notes", "References"),
    "Examples",
]


def described(value):
    """``(name, docstring)`` of what is called and, of a class, of what it has of its own."""
    yield value.__name__, inspect.getdoc(value) or ""
    for name, member in vars(value).items() if inspect.isclass(value) else ():
        text = getattr(member, "__doc__", None)
        if not name.startswith("_") and not isinstance(member, (int, float, str)) and text:
            yield f"{value.__name__}.{name}", inspect.cleandoc(text)


def every_docstring():
    """``(place, text)`` of all docstrings of the package, on one line."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for name, text, _ in stated(path):
            yield f"{path.relative_to(PACKAGE)} {name}", " ".join(text.split())


DOCSTRINGS = list(every_docstring())


@pytest.mark.parametrize(
    "formula",
    [
        *("γ = p/N", "E[M] ⊗ E[z zᵀ]", "‖H‖_F", "√n", "λ_{k+1}/λ_k", "tr(H)/n", "C → ∞"),
        *("sup_x |F_n(x) - F(x)|", "(1 - mass) · law + mass · δ_0", "kl(q‖p) <= budget"),
        *("x_n ~ N(b, I_d)", "f_n = W z_n + b", "Im G > 0", "#{α < x}", "log ξ(N)", "E λ²"),
    ],
)
def test_what_is_a_formula(formula):
    assert formulas(f"A text with ``{formula}`` in it.\n\nExamples\n--------\n``x = y``") == [
        formula
    ]


@pytest.mark.parametrize(
    "span",
    [
        *("(k p, k p)", "H_ij", "0 … C-1", "most=C-1", 'which="magnitude"', "max(3k + 1, 40)"),
        *("==", "z(θ)"),
        *("(n, d, rng) -> (n, d)", "law.outliers(spikes)", "U.reshape(k, p, q)", "1 - h"),
    ],
)
def test_what_is_none(span):
    assert formulas(f"A text with ``{span}`` in it.") == []


@pytest.mark.parametrize("name", PUBLIC)
def test_who_states_a_formula_names_its_source(name):
    of_class = references(inspect.getdoc(PUBLIC[name]) or "")
    assert [
        (place, formulas(text))
        for place, text in described(PUBLIC[name])
        if formulas(text) and not names_a_source(references(text) or of_class)
    ] == []


@pytest.mark.parametrize("name", [n for n in PUBLIC if n.startswith("theory.")])
def test_who_predicts_names_a_source(name):
    assert names_a_source(references(inspect.getdoc(PUBLIC[name])))


INTERNAL = [
    path
    for name in ("bounds", "hessian", "theory")
    for path in sorted((PACKAGE / name).rglob("*.py"))
]


@pytest.mark.parametrize("path", INTERNAL, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_internal_formulas_have_a_source_in_their_file(path):
    """In the docstring, in that of the class, or in that of the file."""
    found = list(stated(path))
    of_file = references(found[0][1])
    assert [
        (name, formulas(text))
        for name, text, of_class in found
        if formulas(text)
        and path.name != "__init__.py"
        and not names_a_source(references(text) or references(of_class or "") or of_file)
    ] == []


@pytest.mark.parametrize("name", ["compare", "model", "spectra"])
def test_files_name_the_source_of_the_formulas_at_their_head(name):
    heads = {path: next(stated(path))[1] for path in sorted((PACKAGE / name).rglob("*.py"))}
    assert [
        (path.name, formulas(text))
        for path, text in heads.items()
        if formulas(text) and not names_a_source(references(text))
    ] == []


def test_sections_are_in_the_order_of_numpydoc():
    heading = re.compile(r"^([A-Z][\w ]+)\n-{3,}$", re.MULTILINE)
    for name, value in PUBLIC.items():
        for place, text in described(value):
            found = [title for title in heading.findall(text) if title in ORDER]
            assert found == sorted(found, key=ORDER.index), f"{name}: {place}"


def test_places_are_read():
    text = "``docs/a.md`` §2.1 and §3; spikes §10: *A test*. Or ``docs/b.md``, *Many*; Paul (2007)."
    assert list(places_named(text)) == [
        *(("docs/a.md", x) for x in ("", "2.1", "3", "10", "A test")),
        *(("docs/b.md", x) for x in ("", "Many")),
    ]


def test_pages_and_sections_that_docstrings_name_exist():
    missing = []
    for docstring, text in DOCSTRINGS:
        for page, place in places_named(text):
            known = headings(page) if (DOCS.parent / page).is_file() else set()
            if place not in known:
                missing.append((docstring, page, place))
    assert missing == []


def test_what_docstrings_cite_is_in_the_bibliography():
    entries, missing = bibliography(), []
    for place, text in DOCSTRINGS:
        for names, year in CITED.findall(text):
            people = re.split(r", | and | & ", names)
            if not any(year in entry and all(p in entry for p in people) for entry in entries):
                missing.append((place, names, year))
        missing += [
            (place, number)
            for number in ARXIV.findall(text)
            if not any(number in entry for entry in entries)
        ]
    assert missing == []
