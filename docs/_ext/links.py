"""Link what pages and docstrings only name: public names, pages of ``docs/``, papers.

Nothing is marked up for it. A name in backticks, as ``rh.law_of_block(H, i, j)`` or
`theory.block_law`, leads to its page of the reference, unless it is that of a sweep or figure; a
path as ``docs/laws.md`` to that page; and
"[D]" or "Silverstein and Choi (1995)", the headings of ``docs/references.md``, to the paper.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform

NAME = re.compile(r"(?:rh|rmt_hessian)?\.?([A-Za-z_][\w.]*)(\(.*\))?", re.DOTALL)
PAGE = re.compile(r"docs/([\w/]+)\.md")
PAPER = re.compile(r"^## (.+)\n([^#]*)", re.MULTILINE)
ARXIV = re.compile(r"arXiv\s+([\w./-]*\w)")
REFERENCES = "references"
PLAIN = (nodes.reference, pending_xref, nodes.title, nodes.literal, nodes.literal_block, nodes.math)


class Links(SphinxPostTransform):
    """After all pages are read, before Sphinx looks for what words in types could mean."""

    default_priority = 5
    formats = ("html",)

    def run(self, **kwargs):
        """Replace nodes by references to what they name."""
        for node in list(self.document.findall(is_type)):
            self._link_type(node)
        for node in list(self.document.findall(lambda n: is_name(n) and not within(n))):
            if not is_of_a_figure(node):
                self._link_name(node)
        if self.env.docname != REFERENCES:
            path = Path(self.env.srcdir) / f"{REFERENCES}.md"
            titles, pattern = papers_of(path.read_text(encoding="utf-8"))
            slugs = self.env.metadata[REFERENCES]["myst_slugs"].values()
            anchors = {title: anchor for _, anchor, title in slugs}
            addresses = [f"{self._address(REFERENCES)}#{anchors[title]}" for title in titles]
            for parent in list(self.document.findall(lambda n: has_prose(n) and not within(n))):
                parent[:] = [
                    part
                    for child in join_lines(parent)
                    for part in linked(child, pattern, addresses)
                ]

    def _link_type(self, node):
        uri = self._uri(node["reftarget"])
        node.replace_self(link(uri, node[0]) if uri else node[0])

    def _link_name(self, node):
        literal = nodes.literal("", node.astext(), classes=["docutils"])
        uri = self._uri(node.astext())
        node.replace_self(link(uri, literal) if uri else literal)

    def _uri(self, text):
        """Where a name or a path leads; None if it is none, or leads to the page it stands on."""
        page, anchor = None, ""
        if found := PAGE.fullmatch(text):
            page = found[1] if found[1] in self.env.found_docs else None
        elif found := NAME.fullmatch(text):
            page, anchor = targets(self.env).get(found[1], (None, ""))
        if page in (None, self.env.docname):
            return None
        return self._address(page) + (f"#{anchor}" if anchor else "")

    def _address(self, page):
        return self.app.builder.get_relative_uri(self.env.docname, page)


def linked(node, pattern, addresses):
    """A text in parts, where the papers that it names are links; any other node as it is."""
    if not isinstance(node, nodes.Text):
        return [node]
    text, at, parts = node.astext(), 0, []
    for match in pattern.finditer(text):
        uri = addresses[int(match.lastgroup[1:])]
        parts += [nodes.Text(text[at : match.start()]), link(uri, nodes.inline("", match[0]))]
        at = match.end()
    return [*parts, nodes.Text(text[at:])]


def has_prose(node):
    """Whether a node has text of its own that may name papers."""
    return (
        isinstance(node, nodes.Element)
        and not isinstance(node, PLAIN)
        and any(isinstance(child, nodes.Text) for child in node)
    )


def is_type(node):
    """Whether a node is a word of the type of an argument or result, or a base of a class."""
    return isinstance(node, pending_xref) and node["reftype"] == "class"


def is_name(node):
    """Whether a node is text in one or two backticks."""
    return isinstance(node, nodes.title_reference) or (
        isinstance(node, nodes.literal) and "xref" not in node["classes"]
    )


def is_of_a_figure(node):
    """Whether a name is that of a sweep or figure: after that word, or in a table of these.

    Functions may have the same names.
    """
    before = node.parent[: node.parent.index(node)]
    if before and re.search(r"\b(sweep|figure)\s$", before[-1].astext(), re.IGNORECASE):
        return True
    while node and not isinstance(node, nodes.table):
        node = node.parent
    head = next(node.findall(nodes.entry)).astext() if node else ""
    return head in ("sweep", "figure")


def within(node):
    """Whether a node stands in one that stays as it is."""
    while node := node.parent:
        if isinstance(node, PLAIN):
            return True
    return False


def join_lines(parent):
    """Make one text of texts side by side: MyST has one a line, and names go on over its end."""
    children = []
    for child in parent:
        if children and isinstance(child, nodes.Text) and isinstance(children[-1], nodes.Text):
            children[-1] = nodes.Text(children[-1].astext() + child.astext())
        else:
            children.append(child)
    return children


def link(uri, child):
    """A reference within the site."""
    return nodes.reference("", "", child, internal=True, refuri=uri)


def targets(env):
    """``{name, with as much of its path as one likes: (page, anchor)}`` of the reference."""
    if not hasattr(env, "targets_of_names"):
        found = {}
        objects = env.domains.python_domain.objects
        for path, entry in sorted(objects.items(), key=lambda item: item[0].count(".")):
            words = path.split(".")[1:]
            classes = [k for k, word in enumerate(words) if word[0].isupper()]
            last = classes[0] if classes else len(words) - 1  # of a method with its class at least
            for start in range(last + 1):
                found.setdefault(".".join(words[start:]), (entry.docname, entry.node_id))
        env.targets_of_names = found
    return env.targets_of_names


def papers_of(text):
    """``({title: number}, pattern)`` of the bibliography; group ``p<number>`` is the paper named.

    "A and B (2000)" may be written "A & B 2000", three names and more "A et al. (2000)", and
    whatever is on arXiv by its number.
    """
    titles, patterns = [], []
    for k, (title, about) in enumerate(PAPER.findall(text)):
        key, names, year = re.fullmatch(r"(\[\w+\])? ?(.+) \((\d{4})\)", title).groups()
        authors = list(map(re.escape, re.split(r", | and ", names)))
        spelled = [r"(?:,|,? and| &)\s+".join(authors)]
        if len(authors) > 2:
            spelled += [rf"{authors[0]}\s+et\s+al\."]
        ways = [rf"\b(?:{'|'.join(spelled)})(?:['’]s)?\s+\(?{year}\b\)?"]
        ways += [re.escape(key)] if key else []
        ways += [rf"arXiv\s+{re.escape(number)}\b" for number in ARXIV.findall(about)]
        titles.append(title)
        patterns.append(rf"(?P<p{k}>{'|'.join(ways)})")
    return titles, re.compile("|".join(patterns) or r"(?!)")


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
