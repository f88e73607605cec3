"""Features and last layer of somebody else's network, from its file of the format ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

import numpy as np
import numpy.typing as npt

from rmt_hessian._checks.arguments import describe, positive_integer
from rmt_hessian._checks.arrays import finite_array, number_array, refuse_complex
from rmt_hessian._types import FloatArray
from rmt_hessian.model.onnx_graphs import Graph

BATCH_SIZE = 4  # larger ones leave the cache: three times slower for images
ROUNDING = 2e-6  # of the logits that a network computes in float32, relative to the largest
PROBABILITIES = 1e-4  # of what it makes of them: sums of 10,000 exponentials


@dataclass(frozen=True, eq=False)
class OnnxHead:
    """The last matrix product of a network and what goes into it: ``f_n = W z_n + b``.

    For the Hessian of a head, ``head_hessian(head.features, head.weights, head.bias)``. All numbers
    are float64, made from those of the network, mostly float32.

    Attributes
    ----------
    features : numpy.ndarray, shape (N, p)
        ``z_n``. Of a network with a sequence of outputs for each input, one after another.
    weights : numpy.ndarray, shape (C, p)
    bias : numpy.ndarray, shape (C,)
        Zero where the network has none.
    logits : numpy.ndarray, shape (N, C)
        As the network computes them.
    metadata : dict of str to str
        What the file says besides, such as the names of the classes.

    References
    ----------
    Definition.
    """

    features: FloatArray
    weights: FloatArray
    bias: FloatArray
    logits: FloatArray
    metadata: dict[str, str]

    def __repr__(self) -> str:
        (N, p), C = self.features.shape, len(self.weights)
        return f"OnnxHead(n_samples={N}, n_features={p}, n_classes={C})"


def onnx_head(
    model: str | PathLike[str] | Any,
    inputs: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    *,
    batch_size: int = BATCH_SIZE,
) -> OnnxHead:
    """Features and head of a network that ends in a matrix product, the bias and a softmax.

    The product's input and the sum are added to the outputs of the graph, and the network is run on
    the inputs. What follows the sum must leave the logits as they are, or make their softmax or its
    logarithm of them; that it does is seen from the numbers. So is ``f = W z + b``, to 2e-6 of the
    largest logit.

    Parameters
    ----------
    model : str, path-like or onnx.ModelProto
        A file, or what `onnx.load` made of it.
    inputs : array_like, or mapping of names to arrays
        For each input of the network an array with an axis of samples first; the array alone where
        there is one input.
    batch_size : int
        How many inputs are run at once. The network computes in float32, mostly, with last digits
        that may depend on it.

    Returns
    -------
    OnnxHead

    Raises
    ------
    ImportError
        If onnx or onnxruntime, of the extra ``heads`` of this package, is not installed.
    ValueError
        If the file is not one of that format, the network does not end so, or does not take these
        inputs.
    OSError
        If the file cannot be read.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import pytest
    >>> helper = pytest.importorskip("onnx").helper  # a network of one layer, made by hand
    >>> _ = pytest.importorskip("onnxruntime")
    >>> x, f = (helper.make_tensor_value_info(name, 1, [None, 2]) for name in "xf")
    >>> W = helper.make_tensor("W", 1, [2, 2], [1.0, 2.0, 3.0, 4.0])
    >>> nodes = [helper.make_node("MatMul", ["x", "W"], ["f"])]
    >>> graph = helper.make_graph(nodes, "linear", [x], [f], [W])
    >>> model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    >>> head = onnx_head(model, [[1.0, 0.0]])
    >>> head, head.weights, head.logits
    (OnnxHead(n_samples=1, n_features=2, n_classes=2), array([[1., 3.],
           [2., 4.]]), array([[1., 2.]]))
    """
    size = positive_integer(batch_size, "batch_size")
    onnx, runtime = _packages()
    graph = Graph(_loaded(onnx, model))
    product = graph.last_product()
    wanted = [product.features, product.logits, graph.output, *product.constants]
    wanted = list(dict.fromkeys(wanted))
    session = _session(runtime, graph.with_outputs(wanted))
    given = _inputs(session, inputs)
    n_samples = len(next(iter(given.values())))
    features, logits = [], []
    for first in range(0, n_samples, size):
        batch = {name: x[first : first + size] for name, x in given.items()}
        try:
            found = dict(zip(wanted, session.run(wanted, batch), strict=True))
        except Exception as error:  # of that package, of many kinds
            raise ValueError(f"inputs must be what the network takes, got {_line(error)}") from None
        W, b = product.weights_and_bias(found)
        Z, f, outputs = (
            _rows(found[name]) for name in (product.features, product.logits, graph.output)
        )
        _require_head(Z, W, b, f)
        _require_softmax(f, outputs)
        features.append(Z)
        logits.append(f)
    return OnnxHead(np.concatenate(features), W, b, np.concatenate(logits), graph.metadata())


def _rows(values: Any) -> FloatArray:
    """What a network makes of samples, or of steps of a sequence for each, one a row."""
    return np.asarray(values, np.float64).reshape(-1, values.shape[-1])


def _packages() -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        wanted = "pip install 'rmt_hessian[heads]'"
        raise ImportError(f"onnx_head needs {error.name}: {wanted}") from None
    return onnx, onnxruntime


def _loaded(onnx: Any, model: Any) -> Any:
    """A copy of the model, to which outputs are added."""
    if isinstance(model, onnx.ModelProto):
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        return copy
    if not isinstance(model, str | PathLike):
        raise ValueError(f"model must be a path or an onnx.ModelProto, got {describe(model)}")
    try:
        return onnx.load(fspath(model))
    except OSError:
        raise
    except Exception as error:  # of protobuf
        raise ValueError(f"{fspath(model)} must be an ONNX model, got {_line(error)}") from None


def _session(runtime: Any, model: Any) -> Any:
    """One thread: last digits do not depend on how many there are."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise ValueError(f"model must be one that onnxruntime runs, got {_line(error)}") from None


def _inputs(session: Any, inputs: Any) -> dict[str, Any]:
    """Arrays by name, of the types that the network takes, of one length."""
    wanted = {entry.name: entry.type for entry in session.get_inputs()}
    if not isinstance(inputs, Mapping):
        if len(wanted) > 1:
            names = ", ".join(wanted)
            raise ValueError(f"inputs must be a mapping of {names}, got {describe(inputs)}")
        inputs = {next(iter(wanted)): inputs}
    if set(inputs) != set(wanted):
        raise ValueError(
            f"inputs must be of {', '.join(wanted)}, got {', '.join(map(str, inputs))}"
        )
    given = {name: number_array(values, f"inputs[{name!r}]") for name, values in inputs.items()}
    for name, values in given.items():
        refuse_complex(values, f"inputs[{name!r}]")
    lengths = {values.shape[0] if values.ndim else 0 for values in given.values()}
    if len(lengths) > 1 or 0 in lengths:
        sizes = ", ".join(str(values.shape) for values in given.values())
        raise ValueError(f"inputs must have one number of samples, at least 1, got {sizes}")
    with np.errstate(over="ignore"):  # looked for in the features
        return {
            name: values.astype(_TYPES.get(wanted[name], values.dtype))
            for name, values in given.items()
        }


_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(bool)": np.bool_,
}


def _require_head(Z: FloatArray, W: FloatArray, b: FloatArray, f: FloatArray) -> None:
    """``f = W z + b`` up to rounding."""
    for values, name in ((Z, "features"), (W, "weights"), (b, "bias"), (f, "logits")):
        finite_array(values, f"{name} of the network", ndim=values.ndim)
    error, largest = np.abs(Z @ W.T + b - f).max(), np.abs(f).max()
    if not error <= ROUNDING * largest:
        wanted = f"its features times its weights plus its bias, to {ROUNDING:g} of the largest"
        raise ValueError(f"the network's logits must be {wanted}, got {error / largest:.2g}")


def _require_softmax(f: FloatArray, outputs: FloatArray) -> None:
    """What the network returns is the logits, their softmax, or its logarithm."""
    if outputs.shape == f.shape:
        log_p = f - f.max(axis=1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        for expected in (f, log_p, np.exp(log_p)):
            scale = np.abs(expected).max()
            if np.abs(outputs - expected).max() <= PROBABILITIES * scale:
                return
    wanted = "in a matrix product, a bias and if wanted a softmax or its logarithm"
    raise ValueError(f"the network must end {wanted}, got another function of its last product")


def _line(error: Exception) -> str:
    """The beginning of what another package says."""
    return " ".join(str(error).split())[:120]
