"""Run the ``python`` blocks of a page, and compare what they say with what comes.

Blocks run in order in one namespace, as a reader would type them. A block states

* the *value* of an expression or assignment, in a comment on its first or last line that begins
  with literals (``literals.py``); beside a call that only prints, what it prints::

      rh.ks_distance(values, law)  # 0.006: the spectrum sits on its law

* its *output*, in lines of comment alone below what prints it::

      print(f"KS {rh.ks_distance(values, law):.3f}")
      # KS 0.006

Other comments are prose. A block that evaluates something states something, and all that it
prints; a function that a page defines is called there. A block whose first line is the name of a
file, ``# my_points.py``, is that file: it is written where the page runs, and what others want of
it they import. A block that imports a package which is not there (``without``) is left out, as
those of torch are but in ``tests/foreign``, and with it what uses the names that it would make.
"""

import ast
import io
import re
import tokenize
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass, field

from tests.documents.literals import agree, equals, stated_by, tokens_of, written

# a directive of the site, ```{toctree}, has a name in braces, and maybe an argument
FENCE = re.compile(r"^```(\w+|\{\w+\})(?:(?<=\}) \S+)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\s*# (\w+\.py)\n")
NESTED = (ast.FunctionDef, ast.ClassDef)
WITH_VALUE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign)


def blocks(text):
    """``(language, source)`` of every block of a page, its lines where they are on the page."""
    found = [*FENCE.finditer(text)]
    assert text.count("```") == 2 * len(found), "a block is indented, not closed or without a name"
    return [(m[1], "\n" * text.count("\n", 0, m.start(2)) + m[2]) for m in found]


def write_files(found, folder):
    """Write the blocks that are files into a folder; the names of these modules."""
    files = {m[1]: source for _, source in found if (m := FILE.match(source))}
    for name, source in files.items():
        (folder / name).write_text(source.lstrip("\n"), encoding="utf-8")
    return [name.removesuffix(".py") for name in files]


def comments(source):
    """``({line: comment beside code}, {line: comment alone, not indented})``."""
    beside, alone = {}, {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            if column == 0:
                alone[line] = token.string[1:].strip()
            elif token.line[:column].strip():
                beside[line] = token.string[1:].strip()
    return beside, alone


def packages(tree):
    """The names of all packages that a block imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.partition(".")[0])
    return found


def names_of(tree):
    """Names that a block makes, and that it uses."""
    made, used = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, NESTED):
            made.add(node.name)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
    return made, used


@dataclass
class Page:
    """A page, where it is not true (``complaints``), how many values and outputs it ``stated``."""

    name: str
    text: str
    without: tuple = ()
    namespace: dict = field(default_factory=lambda: {"__name__": "__main__"})
    missing: set = field(default_factory=set)
    complaints: list = field(default_factory=list)
    stated: int = 0

    def run(self):
        """Run all blocks and return the page.

        AssertionError if it complains, or a statement raises: with page and line of each.
        """
        trees = []
        try:
            for language, source in blocks(self.text):
                if language == "python":
                    trees.append(ast.parse(source, self.name))
                    if not (FILE.match(source) or self._needs_what_is_not_there(trees[-1])):
                        self._run_block(trees[-1].body, *comments(source))
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == self.name]
            line = lines[-1] if lines else getattr(error, "lineno", "?")
            self._complain(line, f"{type(error).__name__}: {error}")
            raise AssertionError("\n".join(self.complaints)) from error
        self._find_unused([statement for tree in trees for statement in tree.body])
        assert not self.complaints, "\n".join(self.complaints)
        return self

    def _needs_what_is_not_there(self, tree):
        made, used = names_of(tree)
        if not (packages(tree) & set(self.without) or used & self.missing):
            return False
        self.missing |= made - self.namespace.keys()
        return True

    def _run_block(self, statements, beside, alone):
        stated, output = self.stated, ""
        for statement, following in zip(statements, [*statements[1:], None], strict=True):
            end = following.lineno if following else float("inf")
            value, printed = self._execute(statement)
            own = {n: c for n, c in beside.items() if statement.lineno <= n < end}
            if self._compare_value(statement, value, printed, own):
                printed = ""
            output += printed
            below = [n for n in alone if statement.end_lineno < n < end]
            below = [n for k, n in enumerate(below) if n == below[0] + k]  # up to an empty line
            if output and below:
                self._compare_output(output, [alone[n] for n in below], below[0])
                output = ""
        if output:
            self._complain(statement.lineno, f"prints {output.strip()!r}, which no comment states")
        if self.stated == stated and any(isinstance(s, ast.Expr) for s in statements):
            self._complain(statements[0].lineno, "this block evaluates something, states nothing")

    def _execute(self, statement):
        """The value of an expression, or of what was assigned, and what was printed."""
        with redirect_stdout(io.StringIO()) as printed:
            if isinstance(statement, ast.Expr):
                value = self._evaluate(statement.value)
            else:
                exec(compile(ast.Module([statement], []), self.name, "exec"), self.namespace)
                value = None
                if isinstance(statement, WITH_VALUE):
                    target = getattr(statement, "target", None) or statement.targets[0]
                    value = self._evaluate(ast.parse(ast.unparse(target), mode="eval").body)
        return value, printed.getvalue()

    def _evaluate(self, expression):
        return eval(compile(ast.Expression(expression), self.name, "eval"), self.namespace)

    def _compare_value(self, statement, value, printed, beside):
        """Compare what comments beside a statement state; return whether that was its output."""
        prints = value is None and printed != ""
        comparable = isinstance(statement, WITH_VALUE)
        for line, comment in beside.items():
            if not (literals := stated_by(comment)):
                continue
            if not comparable or line not in (statement.lineno, statement.end_lineno):
                self._complain(line, f"{comment!r} is inside a statement: nothing to compare with")
                continue
            self.stated += 1
            if not (agree(tokens_of(printed), literals) if prints else equals(value, literals)):
                is_ = printed.strip() if prints else written(value)
                self._complain(line, f"is {is_}, stated as {' '.join(literals)}")
        return prints and any(stated_by(comment) for comment in beside.values())

    def _compare_output(self, printed, shown, line):
        self.stated += 1
        lines = printed.rstrip().splitlines()
        if len(lines) != len(shown):
            self._complain(line, f"prints {len(lines)} lines, shows {len(shown)}: {lines}")
            return
        for at, pair in enumerate(zip(lines, shown, strict=True)):
            if not agree(*map(tokens_of, pair)):
                self._complain(line + at, f"prints {pair[0]!r}, shows {pair[1]!r}")

    def _find_unused(self, statements):
        names = [n for s in statements for n in ast.walk(s) if isinstance(n, ast.Name)]
        used = {name.id for name in names if isinstance(name.ctx, ast.Load)}
        for statement in statements:
            if isinstance(statement, NESTED) and statement.name not in used:
                self._complain(statement.lineno, f"nothing calls {statement.name}")

    def _complain(self, line, what):
        self.complaints.append(f"{self.name}:{line}: {what}")
