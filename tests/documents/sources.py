"""What docstrings state and what they name as its source: formulas, sections of pages, papers.

A formula is a span in double backticks with a relation, or an operation beyond a sum or a product.
What is named is read as it is written: ``docs/laws.md`` §2.1, *Many classes*, Paul (2007).
"""

import ast
import functools
import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

SPAN = re.compile(r"``(.+?)``", re.DOTALL)
RELATION = re.compile(r"[=≈∝~]|→|(?<!-)>|<")
OPERATION = re.compile(
    r"[ΣΠ∫⊗√²³‖∘∂⟨∇·ᵀ]"  # sums, roots, products, norms
    r"|\b(?:E|Var|Cov|P|N|tr|log|exp|det|sup|inf)(?=[ _(\[{|])"
    r"|[\w)}\]|'′]\s*/\s*[(\[{\w|√]"  # a ratio
)

NAME = r"(?<!\w)[A-Z][a-zà-ž][\w'-]*(?: [A-Z][a-zà-ž][\w'-]*)?"  # Péché, Rashidi Far
CITED = re.compile(
    rf"({NAME}(?:, {NAME})*(?: (?:and|&) {NAME})?)(?: et al\.)?,? \(?((?:18|19|20)\d\d)\b"
)
ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5}|[a-z-]+/\d{7})\b")
PAGE = re.compile(r"``(docs/\w+\.md)``")
DEFINITION = re.compile(r"\bDefinition\.|: definition of this package\.")


def is_code(span):
    """ASCII that Python reads: a keyword argument, a call of a method, a name, a tuple of sizes."""
    try:
        tree = ast.parse(f"f({span})" if re.match(r"\w+=", span) else span)
    except SyntaxError:
        return False
    nodes = {type(node) for node in ast.walk(tree)}
    return span.isascii() and (
        not nodes.isdisjoint({ast.keyword, ast.Attribute, ast.Subscript})
        or nodes.isdisjoint({ast.BinOp, ast.Compare})
    )


def formulas(text):
    """Those of a docstring, without its references and examples."""
    body = re.split(r"^(?:References|Examples)\n-", text, maxsplit=1, flags=re.MULTILINE)[0]
    spans = (" ".join(span.split()) for span in SPAN.findall(body))
    return [
        span
        for span in spans
        if re.search(r"\w", span)
        and (RELATION.search(span) or OPERATION.search(span))
        and not is_code(span)
    ]


def references(text):
    """The section of that name, '' where there is none."""
    found = re.search(
        r"^References\n-{10}\n(.+?)(?=\n\n\S[^\n]*\n---|\Z)", text, flags=re.DOTALL | re.MULTILINE
    )
    return " ".join(found[1].split()) if found else ""


def names_a_source(text):
    """Whether there is a page, a paper, or the word that it is a definition of this package."""
    found = (DEFINITION, PAGE, CITED, ARXIV, re.compile(r"\[[DW]\]"))
    return any(pattern.search(text) for pattern in found)


def stated(path):
    """``(name, docstring, that of its class)`` of what a file has, the file itself with name ''."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [(tree, None)]
    while nodes:
        node, above = nodes.pop()
        yield getattr(node, "name", ""), ast.get_docstring(node) or "", above
        of_class = ast.get_docstring(node) or "" if isinstance(node, ast.ClassDef) else ""
        nodes += [
            (child, of_class)
            for child in node.body
            if isinstance(child, (ast.ClassDef, ast.FunctionDef))
        ]


@functools.cache
def headings(page):
    """Numbers and titles of the sections of a page, its bold words, and '' for the page itself."""
    text = (DOCS.parent / page).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    numbers = {m[1].rstrip(".") for m in (re.match(r"(\d[\d.]*) ", t) for t in titles) if m}
    bold = re.findall(r"\*\*(.+?)[.:]?\*\*", text)
    return {"", *numbers, *(re.sub(r"^[\d.]+ ", "", title) for title in titles), *bold}


def places_named(text):
    """``(page, number or title)``: what stands between a page and the next one, or the period."""
    parts = PAGE.split(text)
    for page, rest in zip(parts[1::2], parts[2::2], strict=True):
        sentence = re.split(r"\.(?: |$)", rest, maxsplit=1)[0]
        yield page, ""
        for number, title in re.findall(r"§(\d[\d.]*)|\*([^*]+)\*", sentence):
            yield page, number or title


def bibliography():
    """Its entries, a heading with what stands below it, each on one line."""
    text = (DOCS / "references.md").read_text(encoding="utf-8")
    return [" ".join(entry.split()) for entry in re.split(r"^## ", text, flags=re.MULTILINE)]
