"""Where a graph ends in a product: on graphs made of plain objects, which need no package."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rmt_hessian.model.onnx_graphs import Graph
from rmt_hessian.model.onnx_heads import onnx_head


def attribute(name, value):
    return SimpleNamespace(name=name, f=value, i=value, HasField=lambda field: field == name == "g")


def node(kind, inputs, output, **attributes):
    given = [attribute(name, value) for name, value in attributes.items()]
    return SimpleNamespace(op_type=kind, input=inputs.split(), output=[output], attribute=given)


def graph(*nodes, output="f", constants="W b"):
    tensors = [SimpleNamespace(name=name) for name in constants.split()]
    found = SimpleNamespace(
        node=list(nodes),
        input=[SimpleNamespace(name="x")],
        output=[SimpleNamespace(name=output)],
        initializer=tensors,
        sparse_initializer=[],
    )
    return Graph(SimpleNamespace(graph=found, metadata_props=[]))


def test_a_product_and_a_sum_below_a_softmax():
    found = graph(
        node("Relu", "x", "z"),
        node("MatMul", "z W", "a"),
        node("Add", "b a", "s"),
        node("Identity", "s", "t"),
        node("Softmax", "t", "f"),
    ).last_product()
    assert (found.features, found.logits, found.constants) == ("z", "t", ["W", "b"])
    B, b = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    W, bias = found.weights_and_bias({"W": B, "b": b[None]})
    np.testing.assert_array_equal(W, B.T)
    np.testing.assert_array_equal(bias, b)


def test_a_general_product_has_factors_and_may_be_transposed():
    found = graph(node("Gemm", "x W b", "f", alpha=2.0, beta=3.0, transB=1)).last_product()
    W, b = found.weights_and_bias({"W": np.ones((2, 3)), "b": np.array(1.0)})
    np.testing.assert_array_equal(W, 2 * np.ones((2, 3)))
    np.testing.assert_array_equal(b, [3.0, 3.0])


def test_constants_may_be_computed():
    found = graph(
        node("Constant", "", "c"),
        node("Transpose", "c", "V"),
        node("MatMul", "x V", "f"),
        constants="",
    ).last_product()
    assert found.constants == ["V"]


def test_a_sum_with_what_varies_is_no_bias():
    found = graph(
        node("MatMul", "x W", "a"), node("Relu", "x", "y"), node("Add", "a y", "f")
    ).last_product()
    assert (found.logits, found.constants) == ("a", ["W"])


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Conv", "x W", "f")],
        [node("MatMul", "x x", "f")],
        [node("MatMul", "W x", "f")],
        [node("Gemm", "x W b", "f", transA=1)],
        [node("MatMul", "x W", "unused"), node("Relu", "x", "f")],
    ],
    ids=["none", "of two that vary", "from the left", "transposed features", "elsewhere"],
)
def test_another_end_is_refused(nodes):
    with pytest.raises(ValueError, match="must end in a product of features with a constant"):
        graph(*nodes).last_product()


def test_a_bias_of_another_size_is_refused():
    found = graph(node("Gemm", "x W b", "f")).last_product()
    with pytest.raises(ValueError, match=r"one number a class, 3, got \(2"):
        found.weights_and_bias({"W": np.ones((4, 3)), "b": np.ones(2)})
    with pytest.raises(ValueError, match="must be with a matrix, got shape"):
        found.weights_and_bias({"W": np.ones((2, 4, 3)), "b": np.ones(3)})


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_what_is_not_installed_is_named_in_one_line(monkeypatch, missing):
    for name in ("onnx", "onnxruntime"):
        there = None if name == missing else SimpleNamespace()
        monkeypatch.setitem(sys.modules, name, there)
    with pytest.raises(ImportError) as raised:
        onnx_head("a.onnx", [[1.0]])
    assert str(raised.value) == f"onnx_head needs {missing}: pip install 'rmt_hessian[heads]'"


def test_a_batch_has_a_size():
    with pytest.raises(ValueError, match="batch_size must be"):
        onnx_head("a.onnx", [[1.0]], batch_size=0)
