"""The folder of a sweep: one Parquet file per point, written whole or not at all.

``config.toml`` (the sweep file as run), ``provenance.json`` (versions, machine and times of every
run), ``points/<key>.parquet`` (the scalars of a point), ``points/<key>.npz`` (its arrays, if
any), ``failed/<key>.txt`` (its traceback), ``table.parquet`` and ``table.csv`` (`collect`).
"""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def write_whole(path, write):
    """Call ``write(file)`` on a temporary file beside ``path``, then rename it into place."""
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class Store:
    """The folder of one sweep."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.points, self.failed = self.folder / "points", self.folder / "failed"

    def create(self):
        """Make the folders; remove what an interrupted write left behind."""
        self.points.mkdir(parents=True, exist_ok=True)
        self.failed.mkdir(exist_ok=True)
        for leftover in self.folder.rglob(".tmp-*"):
            leftover.unlink()

    def row(self, key):
        """The scalars of a point as a dict, or None if it is missing, unreadable or incomplete."""
        try:
            (row,) = pq.read_table(self.points / f"{key}.parquet", use_threads=False).to_pylist()
            if row["n_arrays"]:
                self.arrays(key)
        except (OSError, ValueError, LookupError, pa.ArrowException, zipfile.BadZipFile):
            return None
        return row

    def arrays(self, key):
        """The arrays of a point, as a dict."""
        with (self.points / f"{key}.npz").open("rb") as stream, np.load(stream) as file:
            return dict(file)

    def write_point(self, point, result, version):
        """Keep a result: arrays first, so that the scalars' file marks a complete point."""
        arrays = {k: v for k, v in result.items() if np.ndim(v) > 0}
        if arrays:
            write_whole(self.points / f"{point.key}.npz", lambda f: np.savez(f, **arrays))
        row = {"measurement": point.measurement, **point.parameters, "seed": point.seed}
        row |= {"root_seed": point.root_seed, "version": version, "key": point.key}
        row["n_arrays"] = len(arrays)
        row |= {k: float(v) for k, v in result.items() if np.ndim(v) == 0}
        table = pa.Table.from_pylist([row])
        write_whole(self.points / f"{point.key}.parquet", lambda f: pq.write_table(table, f))
        (self.failed / f"{point.key}.txt").unlink(missing_ok=True)

    def write_failure(self, point, traceback_text):
        """Keep the traceback of a point that failed."""
        path = self.failed / f"{point.key}.txt"
        write_whole(path, lambda f: f.write(f"{point}\n\n{traceback_text}".encode()))

    def write_config(self, text):
        """Keep the sweep file as run."""
        write_whole(self.folder / "config.toml", lambda f: f.write(text.encode()))

    def write_provenance(self, runs):
        """Keep what was run, with what, where and when: one entry a run."""
        text = json.dumps({"runs": runs}, indent=2) + "\n"
        write_whole(self.folder / "provenance.json", lambda f: f.write(text.encode()))

    def provenance(self):
        """The entries of the runs so far."""
        try:
            return json.loads((self.folder / "provenance.json").read_text())["runs"]
        except (OSError, ValueError, LookupError):
            return []

    def collect(self, points):
        """Gather the points that are done, in order, into one table; returns it.

        Raises
        ------
        ValueError
            If results of different versions of the package are mixed.
        """
        rows = [row for row in (self.row(point.key) for point in points) if row is not None]
        require_one_version(self.folder, rows)
        table = pd.DataFrame(rows)
        if rows:
            path = self.folder / "table.parquet"
            write_whole(path, lambda f: table.to_parquet(f, index=False))
            csv = table.to_csv(index=False)
            write_whole(self.folder / "table.csv", lambda f: f.write(csv.encode()))
        else:  # a table of points that are gone would be false
            for name in ("table.parquet", "table.csv"):
                (self.folder / name).unlink(missing_ok=True)
        return table

    def table(self):
        """The collected table.

        Raises
        ------
        FileNotFoundError
            If the sweep was never collected, or no point was done.
        """
        return pd.read_parquet(self.folder / "table.parquet")


def require_one_version(folder, rows, *versions):
    """Raise ValueError if results, or results and a version to come, differ in version."""
    found = sorted({row["version"] for row in rows} | set(versions))
    if len(found) > 1:
        raise ValueError(
            f"{folder} would mix results of versions {', '.join(found)}; "
            "choose another folder, or remove its points to recompute them"
        )
