"""Write ``docs/api/``: a page for every public name, in the groups of the package's own lists.

The lists are `__all__`, whose comments are its groups, and the maps in the docstrings of the two
packages, as ``tests/interface.py`` reads them.
"""

import importlib
import inspect
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from tests.interface import LINE

PACKAGES = ("rmt_hessian", "rmt_hessian.theory")


@dataclass(frozen=True)
class Name:
    """A public name: where users import it from, what it is, what the map says of its module."""

    module: str
    name: str
    value: object

    @property
    def path(self):
        """Dotted, as users type it."""
        return f"{self.module}.{self.name}"


def groups():
    """``{title: [Name, ...]}`` of everything that users may call, in reading order."""
    found = {}
    for package_name in PACKAGES:
        package = importlib.import_module(package_name)
        titles = comments_of_all(package)
        for name in package.__all__:
            value = getattr(package, name)
            if callable(value):
                title = titles.get(name) or part_of(value)
                found.setdefault(title, []).append(Name(package_name, name, value))
        for path, line in LINE.findall(package.__doc__):
            module = importlib.import_module(f"{package_name}.{path}")
            names = [n for n in re.findall(r"`(\w+)`", line) if n not in package.__all__]
            title = f"{package_name}.{path.split('.')[0]}"
            known = found.setdefault(title, [])
            known += [
                Name(module.__name__, n, getattr(module, n))
                for n in dict.fromkeys(names)
                if callable(getattr(module, n))
            ]
    return found


def comments_of_all(package):
    """``{name: comment above it}`` within the `__all__` of a package."""
    text = Path(package.__file__).read_text(encoding="utf-8")
    title, titles = None, {}
    for token in tokenize.generate_tokens(io.StringIO(text[text.index("__all__ = [") :]).readline):
        if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#"):
            title = token.string[1:].strip()
        elif token.type == tokenize.STRING:
            titles[token.string[1:-1]] = title
        elif token.string == "]":
            return titles
    raise ValueError(f"{package.__name__} has no __all__")


def part_of(value):
    """The part of a package that a value comes from, as in ``rmt_hessian.theory.laws``."""
    words = value.__module__.split(".")
    return ".".join(words[: 3 if words[1] == "theory" else 2])


def page(entry, public):
    """The page of one name; a class without what it inherits from another that is public."""
    kind = "class" if inspect.isclass(entry.value) else "function"
    lines = [f".. auto{kind}:: {entry.path}"]
    if kind == "class":
        bases = entry.value.__mro__[1:]
        known = [base for base in bases if base in public]
        others = [base for base in bases if not base.__module__.startswith("rmt_hessian")]
        ignored = ", ".join(base.__name__ for base in [*known, *others])
        lines += ["   :members:", f"   :inherited-members: {ignored}"]
        lines = [f"A `{base.__name__}`, with its methods.\n" for base in known[:1]] + lines
    return "\n".join([entry.name, "=" * len(entry.name), "", *lines, ""])


def file_of(title):
    """The name of the page of a group."""
    return re.sub(r"\W+", "_", title).strip("_").lower()


def group_page(title, entries):
    """The page of a group: a table of its names, each with a page of its own."""
    heading = title if title.startswith("rmt_hessian") else title[0].upper() + title[1:]
    table = "\n".join(f"   ~{entry.path}" for entry in entries)
    pages = "\n".join(f"   {entry.path}" for entry in entries)
    return (
        f"{heading}\n{'=' * len(heading)}\n\n"
        f".. autosummary::\n   :nosignatures:\n\n{table}\n\n"
        f".. toctree::\n   :hidden:\n\n{pages}\n"
    )


def index_page(found):
    """The page of all groups: their names, a line each."""
    lines = ["API reference", "=============", ""]
    for title, entries in found.items():
        links = ", ".join(f":py:obj:`{entry.name} <{entry.path}>`" for entry in entries)
        lines += [f":doc:`{file_of(title)}`", f"   {links}", ""]
    files = [f"   {file_of(title)}" for title in found]
    return "\n".join([*lines, ".. toctree::", "   :hidden:", "", *files, ""])


def write(app):
    """Write what has changed, and remove what is no page any more."""
    folder, found = Path(app.srcdir) / "api", groups()
    pages = {"index": index_page(found)}
    public = [entry.value for entries in found.values() for entry in entries]
    for title, entries in found.items():
        pages[file_of(title)] = group_page(title, entries)
        pages |= {entry.path: page(entry, public) for entry in entries}
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app):
    """Register with Sphinx, before its extensions look for pages."""
    app.connect("builder-inited", write, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
