"""The layer rule: a package imports only from the left of it, and theory meets no simulation."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from tests.interface import PUBLIC

PACKAGE = Path(__file__).parents[1] / "rmt_hessian"
SHARED = {
    "_checks",
    "_files",
    "_jit",
    "_random",
    "_rounding",
    "_threads",
    "_types",
    "_version",
}
MAY_IMPORT = {
    "activations": set(),
    "initialisation": set(),
    "operators": set(),
    "block_norms": set(),
    "kronecker_product": {"operators"},
    "mixture": set(),
    "ensemble": {"activations", "initialisation", "mixture"},
    "model": {"activations", "ensemble", "initialisation", "mixture", "model"},
    "hessian": {"block_norms", "ensemble", "operators", "model", "hessian"},
    "autograd": {"autograd", "hessian", "kronecker_product", "model", "operators"},
    "spectra": {"operators", "kronecker_product", "model", "hessian", "spectra"},
    "theory": {
        "block_norms",
        "ensemble",
        "initialisation",
        "kronecker_product",
        "mixture",
        "theory",
    },
    "compare": {"ensemble", "model", "hessian", "spectra", "theory", "compare"},
    "bounds": {"model", "hessian", "bounds"},
    "measurements": {
        "activations",
        "autograd",
        "block_norms",
        "bounds",
        "ensemble",
        "initialisation",
        "kronecker_product",
        "mixture",
        "model",
        "hessian",
        "spectra",
        "theory",
        "compare",
        "measurements",
    },
    "sweep": {"activations", "ensemble", "initialisation", "measurements", "sweep"},
    "report": {"ensemble", "spectra", "report"},
    "paper": {"report", "sweep", "paper"},
    "plotting": {"compare", "hessian", "plotting", "spectra"},
    "progress": set(),
    "streams": set(),
    "cli": {"sweep", "report", "paper", "progress", "streams"},
}
THEORY_MAY_IMPORT = {
    "laws": {"laws"},
    "relu": {"relu"},
    "weights": {"coverage", "relu", "laws", "weights"},
    "norms": {"coverage", "relu", "weights", "norms"},
    "outliers": {"laws", "weights", "outliers"},
    "structure": {"coverage", "relu", "laws", "weights", "structure"},
    "trained": {
        "coverage",
        "laws",
        "relu",
        "weights",
        "norms",
        "outliers",
        "structure",
        "trained",
    },
}
# a library -> the places that may import it
CONFINED = {
    "numba": {"_jit.py", "_threads.py"},
    "matplotlib": {"plotting/"},
    "pandas": {"sweep/", "report/", "paper/"},
    "altair": {"paper/charts.py", "paper/page.py"},
    "vl_convert": {"paper/page.py"},
    "jinja2": {"paper/page.py"},
    "pyarrow": {"sweep/"},
    "pydantic": {"sweep/", "measurements/parameters.py"},
    "tomli_w": {"sweep/"},
    "filelock": {"sweep/"},
    "dask": {"sweep/clusters.py"},
    "distributed": {"sweep/clusters.py", "sweep/workers.py"},
    "dask_jobqueue": {"sweep/clusters.py"},
    "tornado": {"sweep/clusters.py"},
    "threadpoolctl": {"_threads.py", "sweep/"},
    "typer": {"cli.py"},
    "rich": {"progress.py"},
    "packaging": {"sweep/"},
    "onnx": {"model/onnx_heads.py", "model/onnx_graphs.py"},
    "onnxruntime": {"model/onnx_heads.py"},
    "PIL": {"model/text_images.py"},
    "sklearn": {"model/datasets.py", "model/head_data.py"},
    "mlxtend": {"model/datasets.py"},
    "torch": {"model/torch_import.py", "measurements/convolutional_networks.py"},
}
FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.name not in ("__init__.py",))
INITS = sorted(PACKAGE.glob("*/**/__init__.py"))


def imports(path):
    """Yield the dotted name of every module that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES + INITS, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_left(path):
    allowed = MAY_IMPORT.get(part(path), set()) | SHARED
    for name in imports(path):
        assert name != "rmt_hessian", f"{path} imports the whole package"
        if name.startswith("rmt_hessian."):
            module = name.split(".")[1]
            # `from rmt_hessian import __version__` reads the version
            assert module in allowed or module == "__version__", f"{path} imports {name}"


@pytest.mark.parametrize("path", FILES + INITS, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_libraries_stay_where_they_belong(path):
    place = path.relative_to(PACKAGE).as_posix()
    for name in imports(path):
        homes = CONFINED.get(name.split(".")[0])
        assert homes is None or any(place.startswith(h) for h in homes), f"{place} imports {name}"


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.relative_to(PACKAGE).match("theory/*/*.py")],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_parts_of_theory_import_in_one_direction(path):
    folder = path.relative_to(PACKAGE).parts[1]
    for name in imports(path):
        if name.startswith("rmt_hessian.theory."):
            assert name.split(".")[2] in THEORY_MAY_IMPORT[folder], f"{path} imports {name}"


def test_no_function_hides_a_module_of_its_own_name():
    """``rmt_hessian.theory.laws`` is that module, whatever a package exports."""
    for path in [*INITS, PACKAGE / "__init__.py"]:
        name = ".".join(path.parent.relative_to(PACKAGE.parent).parts)
        exported = vars(importlib.import_module(name))
        for module in pkgutil.iter_modules([str(path.parent)]):
            found = exported.get(module.name)
            assert found is None or inspect.ismodule(found), f"{name}.{module.name}"


WORDS = {"model", "loss", "diagonal", "n_classes", "n_features", "n_samples", "n_inputs"}
WORDS |= {"n_hidden", "V", "W", "block", "init"}


def test_a_case_is_described_once():
    """By an `Ensemble`: few functions, private ones counted, take four words that describe one."""
    many = []
    for path in FILES + INITS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                of = node.args
                names = {a.arg for a in (*of.posonlyargs, *of.args, *of.kwonlyargs)}
                if len(names & WORDS) >= 4:
                    many.append(f"{path.name}:{node.lineno}")
    assert len(many) <= 3, many


def test_no_front_door_of_theory_takes_a_network_in_pieces():
    """V, W, block and model are no words of the interface: an `Ensemble` says what they said."""
    for name, function in PUBLIC.items():
        if name.startswith("theory.") and inspect.isroutine(function):
            assert not set(inspect.signature(function).parameters) & {"V", "W", "block", "model"}


def test_only_kernels_are_compiled():
    compiled = {p.name for p in FILES if any("rmt_hessian._jit" in name for name in imports(p))}
    assert compiled == {"kernels.py", "matrix_kernels.py", "softmax_kernels.py"}


def test_the_rule_names_every_part():
    parts = {part(p) for p in FILES + INITS}
    assert parts == set(MAY_IMPORT) | SHARED


TEXT = {"open", "read_text", "write_text", "TemporaryFile", "NamedTemporaryFile", "fdopen"}


@pytest.mark.parametrize("package", ["rmt_hessian", "paper_figs", "paper_claims", "benchmarks"])
def test_the_encoding_of_every_text_is_said(package):
    """Not that of the machine: a file written here is read elsewhere."""
    silent = []
    for path in (PACKAGE.parent / package).rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            function = ast.unparse(call.func)
            words = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            binary = any("b" in ast.unparse(mode)[1:3] for mode in [*call.args[:2]])
            opens = function.rpartition(".")[2] in TEXT and function not in ("os.open", "read_text")
            if (opens and not binary and "encoding" not in words) or words.get("text") == "True":
                silent.append(f"{path.name}:{call.lineno}: {ast.unparse(call)}")
    assert silent == []


def test_importing_the_library_needs_no_table_and_no_figure():
    import subprocess
    import sys

    code = (
        "import sys, rmt_hessian, rmt_hessian.plotting\n"
        "heavy = {'pandas', 'matplotlib', 'pyarrow', 'pydantic', 'typer', 'rich', 'sklearn',\n"
        "         'mlxtend', 'torch', 'dask', 'distributed'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


HOMES = {  # words of a message -> the only files that may say them
    "must be symmetric": {
        "_checks/matrices.py",
        "spectra/lanczos.py",
    },  # of products, not of entries
    "must be positive semidefinite": {"_checks/matrices.py"},
    "must be PSD": set(),
    "must be square": {"_checks/matrices.py"},
    "must have orthonormal columns": {"_checks/matrices.py"},
    "must lie in [0, 1": {"_checks/distributions.py"},
    "must have one shape": {"_checks/distributions.py"},
    "} must sum to 1": {"_checks/distributions.py"},
    "columns to follow": {"_checks/weights.py"},
    "at least one matrix": {"_checks/weights.py"},
    "must have a nonzero entry": {"_checks/weights.py"},
    "widths must hold at least two": {"_checks/weights.py"},
}


@pytest.mark.parametrize("words", HOMES)
def test_a_check_has_one_home(words):
    """What has a message of its own is a check of its own: these are called, not written again."""
    saying = {
        path.relative_to(PACKAGE).as_posix()
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and words in ast.unparse(node)
    }
    assert saying == HOMES[words]
