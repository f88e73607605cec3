"""Networks as files: weights, biases and the name of the activation in one ``.npz``."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from rmt_hessian._types import FloatArray

FORMAT = "rmt_hessian network 1"


def save_network(
    path: str | PathLike[str],
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray | None],
    activation: str,
) -> None:
    """Write to ``path``, which has all of it or what it had before.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    arrays: dict[str, Any] = {f"weights_{l}": W for l, W in enumerate(weights)}
    arrays |= {f"biases_{l}": b for l, b in enumerate(biases) if b is not None}
    path = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, format=FORMAT, activation=activation, **arrays)
        os.chmod(temporary, 0o666 & ~_umask())  # as of a file that is opened for writing
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load_network(
    path: str | PathLike[str],
) -> tuple[list[FloatArray], list[FloatArray | None], str]:
    """Weights, biases and the name of the activation, as written by `save_network`.

    Raises
    ------
    ValueError
        If it is another or a damaged file.
    OSError
        If it cannot be read.
    """
    try:
        with open(path, "rb") as opened, zipfile.ZipFile(opened) as archive:
            arrays = {
                name.removesuffix(".npy"): _array(archive, name) for name in archive.namelist()
            }
        if arrays.pop("format") != FORMAT:
            raise KeyError
        activation = str(arrays.pop("activation"))
        n_layers = sum(name.startswith("weights_") for name in arrays)
        weights = [arrays[f"weights_{l}"] for l in range(n_layers)]
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise ValueError(f"path must be a file of Network.save, got {os.fspath(path)!r}") from None
    return weights, [arrays.get(f"biases_{l}") for l in range(n_layers)], activation


def _array(archive: zipfile.ZipFile, name: str) -> Any:
    return np.lib.format.read_array(BytesIO(archive.read(name)), allow_pickle=False)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
