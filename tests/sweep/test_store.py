"""The folder of a sweep: whole files or none, damage noticed, one run at a time."""

import errno
import struct
from contextlib import suppress

import numpy as np
import pytest

from rmt_hessian._files import write_whole
from rmt_hessian.sweep.points import Point
from rmt_hessian.sweep.store import DamagedResult, FolderInUse, Store

PARAMETERS = {"n_classes": 3, "n_inputs": 5, "n_samples": 8, "n_hidden": 9}
POINT, OTHER = (Point("output_rank", PARAMETERS, seed, root_seed=1) for seed in (0, 1))
SCALARS = {"gap": 0.1, "overlap": float("nan")}
ARRAYS = {"eigenvalues": np.array([0.1, -0.0, np.inf]), "image": np.ones((2, 2), np.float32)}


@pytest.fixture
def store(tmp_path):
    """A folder with one of two points."""
    store = Store(tmp_path / "out")
    with store.writing():
        store.write_point(POINT, SCALARS, ARRAYS, "1.2")
    return store


def file_of(store, ending, point=POINT):
    return store.points / f"{point.key}.{ending}"


def test_a_result_comes_back_bit_for_bit(store):
    row = store.row(POINT.key)
    assert list(row) == [*POINT.columns(), "version", "key", "n_arrays", *SCALARS]
    assert {name: row[name] for name in PARAMETERS} == PARAMETERS
    assert (row["version"], row["key"], row["n_arrays"]) == ("1.2", POINT.key, 2)
    assert row["gap"] == 0.1
    assert np.isnan(row["overlap"])
    arrays = store.arrays(POINT.key)
    assert arrays.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert arrays[name].dtype == values.dtype
        assert arrays[name].tobytes() == values.tobytes()
    state = store.state([POINT.key, OTHER.key])
    assert list(state.rows) == [POINT.key]
    assert (state.damaged, state.failed) == ([], [])


def test_a_point_without_arrays_is_one_file(store):
    store.write_point(OTHER, SCALARS, {}, "1.2")
    assert store.row(OTHER.key)["n_arrays"] == 0
    assert not file_of(store, "npz", OTHER).exists()


def flip(path, content):
    """Change the last bit of every occurrence of ``content``."""
    other = content[:-1] + bytes([content[-1] ^ 1])
    assert content in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(content, other))


def of_another_point(store, row, npz):
    store.write_point(OTHER, SCALARS, ARRAYS, "1.2")
    file_of(store, "parquet", OTHER).replace(row)


def arrays_of_another_point(store, row, npz):
    store.write_point(OTHER, SCALARS, {"eigenvalues": np.zeros(3), "image": np.ones(2)}, "1.2")
    file_of(store, "npz", OTHER).replace(npz)


NO_PARQUET = b"PAR1" + bytes(100) + b"PAR1"
DAMAGES = {
    "no Parquet between its marks": lambda _, row, __: row.write_bytes(NO_PARQUET),
    "a flipped bit in a number": lambda _, row, __: flip(row, struct.pack("<d", SCALARS["gap"])),
    "another name of a column": lambda _, row, __: flip(row, b"overlap"),
    "of another point": of_another_point,
    "without arrays": lambda _, __, npz: npz.unlink(),
    "arrays of another point": arrays_of_another_point,
    "a flipped bit in an array": lambda _, __, npz: flip(npz, ARRAYS["eigenvalues"].tobytes()),
    "one array only": lambda _, __, npz: np.savez(npz, image=ARRAYS["image"]),
}


def assert_damaged(store):
    with pytest.raises(DamagedResult, match=POINT.key) as caught:
        store.row(POINT.key)
    assert "\n" not in str(caught.value)
    state = store.state([POINT.key])
    assert state.rows == {}
    assert state.damaged == [str(caught.value)]
    store.write_point(POINT, SCALARS, ARRAYS, "1.2")
    assert store.state([POINT.key]).damaged == []


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_point_is_said_and_counts_as_missing(store, damage):
    damage(store, *(file_of(store, ending) for ending in ("parquet", "npz")))
    assert_damaged(store)
    store.write_point(POINT, SCALARS, ARRAYS, "1.2")
    assert store.state([POINT.key]).damaged == []


@pytest.mark.parametrize("ending", ["parquet", "npz"])
def test_no_flipped_bit_changes_a_result(store, ending, rng):
    """It is noticed, or lies where nothing is kept."""
    path, row, arrays = file_of(store, ending), store.row(POINT.key), store.arrays(POINT.key)
    whole = path.read_bytes()
    for place in rng.integers(8 * len(whole), size=400):
        data = bytearray(whole)
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        with suppress(DamagedResult):
            assert str(store.row(POINT.key)) == str(row)  # NaN is not NaN
            for name, values in store.arrays(POINT.key).items():
                assert values.tobytes() == arrays[name].tobytes()


def test_an_error_of_the_disk_is_no_damage(store, monkeypatch):
    def fails(file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("rmt_hessian.sweep.store.pq.ParquetFile", fails)
    with pytest.raises(OSError, match="Input/output"):
        store.row(POINT.key)


def test_a_traceback_may_hold_anything(store):
    store.write_failure(OTHER, "ValueError: \udc80")
    assert "udc80" in (store.failed / f"{OTHER.key}.txt").read_text()


@pytest.mark.parametrize("ending", ["parquet", "npz"])
def test_every_cut_is_noticed(store, ending):
    path = file_of(store, ending)
    data = path.read_bytes()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        assert_damaged(store)


def test_arrays_alone_are_no_result(store):
    """They are written first: a run that dies in between leaves a point that is missing."""
    file_of(store, "parquet").unlink()
    assert store.row(POINT.key) is None
    state = store.state([POINT.key])
    assert (state.rows, state.damaged) == ({}, [])


def test_a_failure_is_forgotten_when_its_point_is_done(store):
    store.write_failure(OTHER, "Traceback …\nValueError: no")
    assert (store.failed / f"{OTHER.key}.txt").read_text().endswith("ValueError: no")
    assert store.state([POINT.key, OTHER.key]).failed == [OTHER.key]
    store.write_point(OTHER, SCALARS, {}, "1.2")
    assert store.state([POINT.key, OTHER.key]).failed == []


class Broken(Exception):
    pass


def test_a_writer_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "result"

    def fails(file):
        file.write(b"half")
        raise Broken

    with pytest.raises(Broken):
        write_whole(path, fails)
    assert list(tmp_path.iterdir()) == []
    write_whole(path, lambda file: file.write(b"old"))
    with pytest.raises(Broken):
        write_whole(path, fails)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_whole(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"


def test_a_folder_belongs_to_one_run(store):
    leftover = store.points / f".tmp-{'0' * 32}-x.parquet"
    (store.folder / "mine").mkdir()
    others = [store.folder / ".tmp-notes", store.folder / "mine" / leftover.name]
    for path in others:
        path.write_text("not of a sweep")
    with store.writing():
        leftover.write_bytes(b"of this run")
        with (
            pytest.raises(FolderInUse, match="in use by another run"),
            Store(store.folder).writing(),
        ):
            pass
        assert leftover.exists()
    with store.writing():  # free again
        assert not leftover.exists()
        leftover.write_bytes(b"of a worker that died")
    assert not leftover.exists()
    assert all(path.exists() for path in others)
    with suppress(Broken), store.writing():
        raise Broken
    with store.writing():  # free after an error too
        assert store.row(POINT.key) is not None


def test_collect_keeps_the_order_of_the_keys_and_what_is_there(store):
    store.write_point(OTHER, SCALARS, {}, "1.2")
    keys = [OTHER.key, "gone", POINT.key]
    table = store.collect(keys, store.state(keys).rows)
    assert list(table["key"]) == [OTHER.key, POINT.key]
    assert list(store.table()["key"]) == list(table["key"])


def test_collect_refuses_to_mix_versions(store):
    store.write_point(OTHER, SCALARS, {}, "1.3")
    keys = [POINT.key, OTHER.key]
    rows = store.state(keys).rows
    with pytest.raises(ValueError, match=r"versions 1\.2, 1\.3; .*--mix-versions"):
        store.collect(keys, rows)
    assert not (store.folder / "table.parquet").exists()
    assert list(store.collect(keys, rows, mix_versions=True)["version"]) == ["1.2", "1.3"]
    assert len(store.collect(keys[:1], rows)) == 1  # what is not asked for does not count


def test_one_name_for_two_things_is_said(store):
    rows = {
        "a": {"measurement": "f", "version": "1", "mode": "x"},
        "b": {"measurement": "g", "version": "1", "mode": 1.0},
    }
    with pytest.raises(ValueError, match="'mode' is text in f and a number in g"):
        store.collect(rows, rows)
