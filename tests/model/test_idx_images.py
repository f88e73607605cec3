"""Files of the format of MNIST: read as they are, or refused in a line."""

import gzip

import numpy as np
import pytest

from rmt_hessian.model.datasets import idx_images

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def content(array):
    sizes = b"".join(int(n).to_bytes(4) for n in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


@pytest.fixture
def data(rng):
    return rng.integers(256, size=(7, 3, 2)), rng.integers(10, size=7)


@pytest.mark.parametrize("zipped", [(False, False), (True, True), (False, True)])
def test_read(data, zipped, tmp_path):
    for name, array, gz in zip((IMAGES, LABELS), data, zipped, strict=True):
        raw = content(array)
        path = tmp_path / (f"{name}.gz" if gz else name)
        path.write_bytes(gzip.compress(raw) if gz else raw)
    X, y = idx_images(tmp_path)
    np.testing.assert_array_equal(X, data[0].reshape(7, 6) / 255)
    np.testing.assert_array_equal(y, data[1])
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
    np.testing.assert_array_equal(idx_images(str(tmp_path))[0], X)


DAMAGES = {
    "cut": lambda raw: raw[:-1],
    "longer": lambda raw: raw + b"0",
    "empty": lambda raw: b"",
    "head alone": lambda raw: raw[:6],
    "of floats": lambda raw: raw[:2] + bytes([0x0D]) + raw[3:],
    "other axes": lambda raw: raw[:3] + bytes([2]) + raw[4:],
    "no image": lambda raw: raw[:4] + bytes(4) + raw[8 : 4 + 4 * raw[3]],
    "text": lambda raw: b"<html>" + raw,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", [0, 1])
def test_damaged_files_are_refused(data, damage, which, tmp_path):
    raws = [content(array) for array in data]
    raws[which] = DAMAGES[damage](raws[which])
    for name, raw in zip((IMAGES, LABELS), raws, strict=True):
        (tmp_path / name).write_bytes(raw)
    wanted = r"must be an IDX file of bytes with . axes, got \d+ bytes"
    with pytest.raises(ValueError, match=wanted):
        idx_images(tmp_path)


def test_files_that_do_not_fit_are_refused(data, tmp_path):
    with pytest.raises(ValueError, match=f"folder must hold {IMAGES}, or {IMAGES}.gz, got"):
        idx_images(tmp_path)
    (tmp_path / IMAGES).write_bytes(content(data[0]))
    with pytest.raises(ValueError, match=f"folder must hold {LABELS}"):
        idx_images(tmp_path)
    (tmp_path / LABELS).write_bytes(content(data[1][:-1]))
    with pytest.raises(ValueError, match="must have a label an image, got 6 of 7"):
        idx_images(tmp_path)
    (tmp_path / LABELS).unlink()
    for raw in (b"\x1f\x8bnot", content(data[1]), gzip.compress(content(data[1]))[:-9]):
        (tmp_path / f"{LABELS}.gz").write_bytes(raw)
        with pytest.raises(ValueError, match="must be a gzip file"):
            idx_images(tmp_path)
    with pytest.raises(ValueError, match="folder must be a path"):
        idx_images(3)
