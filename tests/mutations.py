"""Try the mutations of ``docs/testing.md`` again: ``python -m tests.mutations [words of rows]``.

Each row of the table names a file of the package, a piece of one of its lines, what stands there
instead, and a test. In a copy of the package the piece is replaced, and the test must fail. Some
ten seconds a row, most of them imports.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "testing.md"
ROW = re.compile(
    r"^\| `(?P<file>\S+\.py)` \| `(?P<before>[^`]+)` → `(?P<after>[^`]*)` "
    r"\| `(?P<test>tests/\S+\.py::\w+)` \|",
    re.MULTILINE,
)
COPIED = ("rmt_hessian", "rmt_hessian_command.py", "tests", "sweeps", "paper_claims", "setup.cfg")


class Mutation(NamedTuple):
    """One row: a file below ``rmt_hessian/``, two pieces of source, ``tests/…py::test_name``."""

    file: str
    before: str
    after: str
    test: str

    @property
    def words(self):
        """The row as a line of text."""
        return f"{self.file}: {self.before} → {self.after}  {self.test}"


def mutations():
    """All rows of the page."""
    return [Mutation(**row.groupdict()) for row in ROW.finditer(PAGE.read_text("utf-8"))]


def caught(mutation, folder):
    """Whether the test fails with the mutation, in a copy of the repository."""
    path = Path(folder) / "rmt_hessian" / mutation.file
    source = path.read_text("utf-8")
    path.write_text(source.replace(mutation.before, mutation.after), "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutation.test]
    environment = os.environ | {"CI": "1"}  # the same cases of Hypothesis each time
    try:
        found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    finally:
        path.write_text(source, "utf-8")
    if found.returncode not in (0, 1):  # 1: tests failed
        raise RuntimeError(f"{mutation.words}\n{found.stdout}{found.stderr}")
    return found.returncode == 1


def main(words):
    """Try the rows that hold all of the words; the number of those that no test sees."""
    chosen = [m for m in mutations() if all(word in m.words for word in words)]
    survived = 0
    with TemporaryDirectory() as folder:
        for name in COPIED:
            source, target = ROOT / name, Path(folder) / name
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
        for mutation in chosen:
            seen = caught(mutation, folder)
            survived += not seen
            print("caught  " if seen else "SURVIVED", mutation.words, flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} caught")
    return survived


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
