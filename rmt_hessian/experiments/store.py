"""The folder of a sweep: one Parquet file per point, written whole or not at all.

``config.toml`` (the sweep file as run), ``provenance.json`` (versions, machine, times),
``points/<key>.parquet`` (the scalars of a point), ``points/<key>.npz`` (its arrays, if any),
``failed/<key>.txt`` (its traceback), ``table.parquet`` and ``table.csv`` (`collect`).
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa


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
        for leftover in self.points.glob(".tmp-*"):
            leftover.unlink()

    def is_done(self, key):
        """Whether the point has a readable result; an unreadable one is removed."""
        path = self.points / f"{key}.parquet"
        if not path.exists():
            return False
        try:
            pd.read_parquet(path)
        except (OSError, ValueError, pa.ArrowException):
            path.unlink()
            return False
        return True

    def write_point(self, point, result, version):
        """Keep a result: arrays first, so that the scalars' file marks a complete point."""
        arrays = {k: v for k, v in result.items() if np.ndim(v) > 0}
        if arrays:
            write_whole(self.points / f"{point.key}.npz", lambda f: np.savez(f, **arrays))
        row = {"measurement": point.measurement, **point.parameters, "seed": point.seed}
        row |= {"root_seed": point.root_seed, "version": version, "key": point.key}
        row |= {k: float(v) for k, v in result.items() if np.ndim(v) == 0}
        table = pd.DataFrame([row])
        path = self.points / f"{point.key}.parquet"
        write_whole(path, lambda f: table.to_parquet(f, index=False))
        (self.failed / f"{point.key}.txt").unlink(missing_ok=True)

    def write_failure(self, point, traceback_text):
        """Keep the traceback of a point that failed."""
        text = f"{point.measurement} {point.parameters} seed {point.seed}\n\n{traceback_text}"
        write_whole(self.failed / f"{point.key}.txt", lambda f: f.write(text.encode()))

    def write_json(self, name, content):
        """Write a small JSON file into the folder."""
        text = json.dumps(content, indent=2) + "\n"
        write_whole(self.folder / name, lambda f: f.write(text.encode()))

    def collect(self, points):
        """Gather the points that are done, in order, into one table; returns it.

        Raises
        ------
        ValueError
            If results of different versions of the package are mixed.
        """
        paths = [self.points / f"{p.key}.parquet" for p in points]
        rows = [pd.read_parquet(path) for path in paths if path.exists()]
        if not rows:
            return pd.DataFrame()
        table = pd.concat([row.dropna(axis=1) for row in rows], ignore_index=True)
        versions = sorted(table["version"].unique())
        if len(versions) > 1:
            raise ValueError(
                f"{self.folder} holds results of versions {', '.join(versions)}; "
                "remove its points to recompute them with one version"
            )
        write_whole(self.folder / "table.parquet", lambda f: table.to_parquet(f, index=False))
        csv = table.to_csv(index=False)
        write_whole(self.folder / "table.csv", lambda f: f.write(csv.encode()))
        return table

    def table(self):
        """The collected table.

        Raises
        ------
        FileNotFoundError
            If the sweep was never collected.
        """
        return pd.read_parquet(self.folder / "table.parquet")

    def arrays(self, key):
        """The arrays of a point, as a dict."""
        with np.load(self.points / f"{key}.npz") as file:
            return dict(file)
