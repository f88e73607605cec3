"""Networks in files: weights and biases as they are, activations by their names."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rmt_hessian._files import write_whole
from rmt_hessian._types import FloatArray

FORMAT = "rmt_hessian.Network 1"


def write_network(
    path: Path,
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray | None],
    names: str | list[str],
) -> None:
    """Write what `read_network` reads: an npz without pickles, whole or not at all.

    ``names``: of the activation, or of those of all hidden layers where they differ.
    """
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT),
        "activation": np.array(names),
        "has_bias": np.array([b is not None for b in biases]),
    }
    arrays |= {f"weights_{l}": W for l, W in enumerate(weights)}
    arrays |= {f"biases_{l}": b for l, b in enumerate(biases) if b is not None}
    write_whole(path, lambda file: np.savez(file, **arrays))


def read_network(path: Path) -> tuple[list[FloatArray], list[FloatArray | None], str | list[str]]:
    """Weights, biases and the name of the activation, or a name a hidden layer, in a file.

    Raises
    ------
    ValueError
        If it is another file, or damaged.
    OSError
        If it cannot be read.
    """
    content = path.read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
    except Exception:  # whatever damage makes zipfile and NumPy raise
        raise _refusal(path, "no file of arrays, or damaged") from None
    try:
        return _parsed(arrays)
    except (KeyError, TypeError):
        raise _refusal(path, f"it holds the arrays {', '.join(arrays)}") from None
    except ValueError as error:
        raise _refusal(path, str(error)) from None


def _refusal(path: Path, reason: str) -> ValueError:
    return ValueError(f"path must be a file that Network.save wrote, got {path} ({reason})")


def _parsed(
    arrays: dict[str, Any],
) -> tuple[list[FloatArray], list[FloatArray | None], str | list[str]]:
    if str(arrays["format"]) != FORMAT:
        raise ValueError(f"its format must be {FORMAT!r}, got {arrays['format']}")
    has_bias = arrays["has_bias"]
    if has_bias.dtype != bool or has_bias.ndim != 1 or arrays["activation"].dtype.kind != "U":
        raise KeyError
    if arrays["activation"].shape not in ((), (len(has_bias) - 1,)):
        raise KeyError
    names = [f"weights_{l}" for l in range(len(has_bias))]
    names += [f"biases_{l}" for l in np.flatnonzero(has_bias)]
    if set(arrays) != {"format", "activation", "has_bias", *names}:
        raise KeyError
    if other := {arrays[name].dtype.str for name in names} - {np.dtype(np.float64).str}:
        raise ValueError(f"its numbers must be float64, got {', '.join(sorted(other))}")
    weights = [arrays[f"weights_{l}"] for l in range(len(has_bias))]
    biases = [arrays.get(f"biases_{l}") for l in range(len(has_bias))]
    return weights, biases, arrays["activation"].tolist()
