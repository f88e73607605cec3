"""The folder of a sweep: one Parquet file per point, written whole or not at all.

``config.toml`` (the sweep file as run), ``provenance.json`` (versions, machines and times of every
run), ``points/<key>.parquet`` (the scalars of a point), ``points/<key>.npz`` (its arrays, if
any), ``failed/<key>.txt`` (its traceback), ``table.parquet`` and ``table.csv`` (`collect`).
"""

import hashlib
import io
import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rmt_hessian._files import TEMPORARY, write_whole
from rmt_hessian.sweep.table import table_of

DIGEST = b"sha256"  # key of the metadata in a Parquet file
NOT_READ = (ValueError, LookupError, TypeError, pa.ArrowException, OSError)


class FolderInUse(RuntimeError):
    """Another run writes into the folder."""


class DamagedResult(ValueError):
    """A result file that cannot be read, or that is not what its name says."""


@dataclass(frozen=True)
class State:
    """What a folder holds of some points: rows by key; what is damaged; keys of failures."""

    rows: dict
    damaged: list
    failed: list


def _digest(row, arrays):
    """Hash of names and values, in their order, and of the content of the file of arrays."""
    digest = hashlib.sha256(json.dumps(row).encode())
    digest.update(arrays)
    return digest.hexdigest().encode()


class Store:
    """The folder of one sweep."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.points, self.failed = self.folder / "points", self.folder / "failed"

    @contextmanager
    def writing(self):
        """Make the folders and hold them for one run; remove what an interrupted one left behind.

        Raises `FolderInUse` if another run holds it. The lock ends with the process that holds it,
        however that ends.
        """
        self.points.mkdir(parents=True, exist_ok=True)
        self.failed.mkdir(exist_ok=True)
        lock = filelock.FileLock(self.folder / ".lock", blocking=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise FolderInUse(f"{self.folder} is in use by another run") from None
        try:
            self._clean()
            yield
            self._clean()  # after workers that died
        finally:
            lock.release()

    def _clean(self):
        for folder in (self.folder, self.points, self.failed):
            for path in folder.glob(".tmp-*"):
                if TEMPORARY.match(path.name):
                    path.unlink(missing_ok=True)

    def row(self, key):
        """The scalars of a point as a dict, or None if there are none.

        Raises `DamagedResult` if one of its files is cut off, changed, or missing beside the other.
        """
        path = self.points / f"{key}.parquet"
        try:
            with path.open("rb") as file:
                table = pq.ParquetFile(file).read(use_threads=False)
            (row,) = table.to_pylist()
            arrays = path.with_suffix(".npz").read_bytes() if row["n_arrays"] else b""
            if table.schema.metadata[DIGEST] != _digest(row, arrays):
                raise ValueError("it and its arrays are not what was written")
            if row["key"] != key:
                raise ValueError(f"it holds the point {row['key']}")
        except FileNotFoundError as error:
            if path.exists():
                raise DamagedResult(f"{error.filename} is missing") from None
            return None
        except NOT_READ as error:
            if isinstance(error, OSError) and error.errno:  # of the system, not of Arrow
                raise
            raise DamagedResult(f"{path}: {error}".partition("\n")[0]) from None
        return row

    def arrays(self, key):
        """The arrays of a point, as a dict; empty if it has none."""
        if not (self.points / f"{key}.npz").exists() and self.row(key) is not None:
            return {}
        with (self.points / f"{key}.npz").open("rb") as stream, np.load(stream) as file:
            return dict(file)

    def state(self, keys):
        """What the folder holds of the points with these keys."""
        rows, damaged = {}, []
        for key in keys:
            try:
                rows[key] = self.row(key)
            except DamagedResult as error:
                damaged.append(str(error))
        rows = {key: row for key, row in rows.items() if row is not None}
        tracebacks = {path.stem for path in self.failed.glob("*.txt")}
        return State(rows, damaged, [k for k in keys if k in tracebacks and k not in rows])

    def write_point(self, point, scalars, arrays, version):
        """Keep a result: arrays first, so that the scalars' file marks a complete point."""
        content = io.BytesIO()
        if arrays:
            np.savez(content, **arrays)
            path = self.points / f"{point.key}.npz"
            write_whole(path, lambda f: f.write(content.getbuffer()))
        row = point.columns() | {"version": version, "key": point.key, "n_arrays": len(arrays)}
        row |= scalars
        table = pa.Table.from_pylist([row])
        table = table.replace_schema_metadata({DIGEST: _digest(row, content.getbuffer())})
        write_whole(self.points / f"{point.key}.parquet", lambda f: pq.write_table(table, f))
        (self.failed / f"{point.key}.txt").unlink(missing_ok=True)

    def write_failure(self, point, traceback_text):
        """Keep the traceback of a point that failed."""
        path = self.failed / f"{point.key}.txt"
        text = f"{point}\n\n{traceback_text}".encode(errors="backslashreplace")
        write_whole(path, lambda f: f.write(text))

    def write_config(self, text):
        """Keep the sweep file as run."""
        write_whole(self.folder / "config.toml", lambda f: f.write(text.encode()))

    def collect(self, keys, rows, *, mix_versions=False, on_notice=lambda line: None):
        """Gather rows, in the order of the keys, into one table, see `table_of`; returns it.

        Raises ValueError if results of different versions of the package are mixed, unless
        ``mix_versions``; if two measurements mean text and numbers by one name.
        """
        rows = [rows[key] for key in keys if key in rows]
        if not mix_versions:
            self.require_one_version(rows)
        table = table_of(rows, on_notice)
        if rows:
            content = pa.Table.from_pandas(table, preserve_index=False)
            write_whole(self.folder / "table.parquet", lambda f: pq.write_table(content, f))
            csv = table.to_csv(index=False)
            write_whole(self.folder / "table.csv", lambda f: f.write(csv.encode()))
        else:  # a table of points that are gone would be false
            for name in ("table.parquet", "table.csv"):
                (self.folder / name).unlink(missing_ok=True)
        return table

    def table(self):
        """The collected table.

        Raises FileNotFoundError if no point was done and collected, `DamagedResult` if it cannot be
        read.
        """
        path, again = self.folder / "table.parquet", f"rmt-hessian collect {self.folder}"
        try:
            with path.open("rb") as file:
                table = pd.read_parquet(file)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # of the system, not of Arrow
                raise
            raise DamagedResult(f"{path} cannot be read; to make it again: {again}") from None
        if not {"measurement", "seed", "key"} <= set(table):
            raise DamagedResult(f"{path} holds no points; to make it again: {again}")
        return table

    def require_one_version(self, rows, *versions):
        """Raise ValueError if results, or results and a version to come, differ in version."""
        found = sorted({row["version"] for row in rows} | set(versions))
        if len(found) > 1:
            raise ValueError(
                f"{self.folder} would mix results of versions {', '.join(found)}; choose another "
                "folder, remove its points to recompute them, or allow it by --mix-versions"
            )
