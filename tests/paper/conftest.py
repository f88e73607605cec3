"""Results of the small sweeps, made once for all processes that test."""

from pathlib import Path

import filelock
import pytest

from rmt_hessian.paper.results import Results
from rmt_hessian.paper.verdicts import claims_of
from rmt_hessian.sweep.run import run_sweep

ROOT = Path(__file__).parents[2]
SWEEPS = ROOT / "sweeps"
CLAIMS = claims_of("paper_claims")
SMALL = sorted(p.stem for p in SWEEPS.glob("*.toml") if "\nquick = " in p.read_text("utf-8"))


@pytest.fixture(scope="session")
def quick_results(tmp_path_factory, worker_id):
    """``{sweep: Results}`` as they are asked for, of small sizes."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder if worker_id == "master" else folder.parent) / "quick"
    folder.mkdir(exist_ok=True)
    return Made(folder)


class Made(dict):
    """A dict that measures what it lacks."""

    def __init__(self, folder):
        self.folder = folder

    def __missing__(self, sweep):
        with filelock.FileLock(self.folder / f"{sweep}.lock"):
            if not (self.folder / sweep / "table.parquet").exists():
                result = run_sweep(SWEEPS / f"{sweep}.toml", self.folder / sweep, quick=True)
                assert not result.failed
        self[sweep] = Results(self.folder / sweep)
        return self[sweep]
