"""Where the last matrix product of a graph of the format ONNX is, and what it multiplies by.

A graph is a list of nodes, in an order in which they can be computed; tensors have names. What
depends on no input of the graph is constant: given as an initializer, or computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rmt_hessian._types import FloatArray

PRODUCTS = ("MatMul", "Gemm")


@dataclass(frozen=True)
class Product:
    """``f = alpha z B + beta c``, a sum of products of names of tensors.

    Attributes
    ----------
    features, logits, matrix : str
        Of z, f and B, (p, C), or (C, p) where it is ``transposed``.
    summands : tuple of (str, float)
        Constants that are added, with their factors.
    alpha : float
    transposed : bool
    """

    features: str
    logits: str
    matrix: str
    summands: tuple[tuple[str, float], ...]
    alpha: float = 1.0
    transposed: bool = False

    @property
    def constants(self) -> list[str]:
        """The names of the matrix and of what is added, each once."""
        return list(dict.fromkeys([self.matrix, *(name for name, _ in self.summands)]))

    def weights_and_bias(self, values: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
        """``W``, (C, p), and ``b``, (C,), from arrays by name."""
        B = np.asarray(values[self.matrix], np.float64)
        if B.ndim != 2:
            raise ValueError(f"the last product must be with a matrix, got shape {B.shape}")
        W = self.alpha * (B if self.transposed else B.T)
        b = np.zeros(len(W))
        for name, factor in self.summands:
            summand = np.asarray(values[name], np.float64)
            if summand.size not in (1, len(W)) or summand.shape[-1:] not in ((), (1,), (len(W),)):
                wanted = f"one number a class, {len(W)}"
                raise ValueError(f"the bias of the network must be {wanted}, got {summand.shape}")
            b = b + factor * summand.ravel()
        return np.ascontiguousarray(W), b


class Graph:
    """The nodes of a model, which is one's own to change, by what they make and what they take."""

    def __init__(self, model: Any) -> None:
        self.model = model
        graph = model.graph
        given = {tensor.name for tensor in graph.initializer}
        given |= {tensor.values.name for tensor in graph.sparse_initializer}
        self._varying = {entry.name for entry in graph.input} - given
        for node in graph.node:
            if self._varying & set(node.input) or _has_subgraph(node):
                self._varying |= set(node.output)
        self.output = graph.output[0].name

    def last_product(self) -> Product:
        """The last product with a constant matrix that the first output depends on.

        Raises
        ------
        ValueError
            If there is none.
        """
        needed, last = {self.output}, None
        for node in reversed(self.model.graph.node):
            if not needed & set(node.output):
                continue
            if node.op_type in PRODUCTS:
                last = node
                break
            needed |= set(node.input)
        product = None if last is None else self._product_of(last)
        if product is None:
            wanted = "in a product of features with a constant matrix, MatMul or Gemm"
            raise ValueError(f"the network must end {wanted}, got {self._end()}")
        return self._with_bias(product)

    def _product_of(self, node: Any) -> Product | None:
        first, second, *added = node.input
        if first not in self._varying or second in self._varying:
            return None
        if node.op_type == "MatMul":
            return Product(first, node.output[0], second, ())
        values = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
        values |= {a.name: a.f if a.name in ("alpha", "beta") else a.i for a in node.attribute}
        if values["transA"] or set(added) & self._varying:
            return None
        summands = tuple((name, float(values["beta"])) for name in added if name)
        alpha, transposed = float(values["alpha"]), bool(values["transB"])
        return Product(first, node.output[0], second, summands, alpha, transposed)

    def _with_bias(self, product: Product) -> Product:
        """Followed through sums with constants, as long as nothing else takes the tensor."""
        name, summands = product.logits, list(product.summands)
        while True:
            takers = [node for node in self.model.graph.node if name in node.input]
            if len(takers) != 1 or takers[0].op_type not in ("Add", "Identity"):
                break
            others = [other for other in takers[0].input if other != name]
            if set(others) & self._varying or len(others) != len(takers[0].input) - 1:
                break
            summands += [(other, 1.0) for other in others]
            (name,) = takers[0].output
        return Product(
            product.features,
            name,
            product.matrix,
            tuple(summands),
            product.alpha,
            product.transposed,
        )

    def _end(self) -> str:
        types = [node.op_type for node in self.model.graph.node]
        return " → ".join(types[-4:]) or "no node"

    def with_outputs(self, names: list[str]) -> Any:
        """The model, whose outputs are these and those it had; for running it, not for keeping."""
        import onnx

        graph = self.model.graph
        known = {entry.name for entry in graph.output}
        for name in names:
            if name not in known:
                known.add(name)
                graph.output.append(onnx.ValueInfoProto(name=name))  # its type is inferred
        return self.model

    def metadata(self) -> dict[str, str]:
        """Names and texts that the file has for its users."""
        return {entry.key: entry.value for entry in self.model.metadata_props}


def _has_subgraph(node: Any) -> bool:
    """A loop or a branch, which may take any tensor without naming it as an input."""
    return any(attribute.HasField("g") for attribute in node.attribute)
