"""Heads of networks in the format ONNX that are made here, node by node."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import rmt_hessian as rh
from rmt_hessian import onnx_head
from tests.test_foreign_values import WRONG

D, P, C = 3, 4, 5
V, W = (
    np.random.default_rng(k).standard_normal((4, m)).astype(np.float32) for k, m in ((0, D), (1, C))
)
B = np.linspace(-1, 1, C, dtype=np.float32)


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def model(*nodes, shape=(None, D), constants=None, kind=TensorProto.FLOAT, output="f"):
    """``z = ReLU(x Vᵀ)``, and nodes above it."""
    tensors = {"V": V.T, "W": W, "WT": W.T, "b": B, "two": np.float32(2)} | (constants or {})
    tensors = [
        numpy_helper.from_array(np.ascontiguousarray(x), name) for name, x in tensors.items()
    ]
    below = [node("Cast", "x", "r", to=1), node("MatMul", "r V", "h"), node("Relu", "h", "z")]
    graph = helper.make_graph(
        [*below, *nodes],
        "made",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        tensors,
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


def inputs(n=10):
    return np.random.default_rng(2).standard_normal((n, D))


SUM = node("MatMul", "z W", "a"), node("Add", "a b", "s")
ENDS = {
    "sum": [node("MatMul", "z W", "a"), node("Add", "a b", "f")],
    "sum, from the left": [node("MatMul", "z W", "a"), node("Add", "b a", "f")],
    "softmax": [*SUM, node("Softmax", "s", "f", axis=-1)],
    "logarithm of it": [*SUM, node("LogSoftmax", "s", "f", axis=-1)],
    "softmax by hand": [
        *SUM,
        node("ReduceMax", "s", "m", axes=[1], keepdims=1),
        node("Sub", "s m", "t"),
        node("Exp", "t", "e"),
        node("ReduceSum", "e ones", "q", keepdims=1),
        node("Div", "e q", "f"),
    ],
    "Gemm": [node("Gemm", "z WT b", "f", transB=1)],
    "Gemm with factors": [node("Gemm", "z W b", "f", alpha=0.5, beta=2.0)],
    "matrix that is computed": [
        node("Transpose", "WT", "U", perm=[1, 0]),
        node("MatMul", "z U", "a"),
        node("Identity", "a", "i"),
        node("Add", "i b", "f"),
    ],
    "without bias": [node("MatMul", "z W", "f")],
}


@pytest.mark.parametrize("end", ENDS)
def test_the_head_is_found(end):
    x = inputs()
    made = model(*ENDS[end], constants={"ones": np.array([1])})
    head = onnx_head(made, x, batch_size=3)
    alpha, beta = (0.5, 2.0) if "factors" in end else (1.0, 1.0)
    beta *= end != "without bias"
    Z = np.maximum(x.astype(np.float32) @ V.T, 0)
    np.testing.assert_allclose(head.features, Z, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(head.weights, alpha * W.T.astype(np.float64))
    np.testing.assert_array_equal(head.bias, beta * B.astype(np.float64))
    f = head.features @ head.weights.T + head.bias
    np.testing.assert_allclose(head.logits, f, atol=2e-6 * np.abs(f).max())
    H = rh.head_hessian(head.features, head.weights, head.bias)
    assert H.shape == (C * P, C * P)
    assert len(made.graph.output) == 1  # the model that was given is as it was


def test_a_file_is_read_and_its_metadata_are_kept(tmp_path):
    made = model(*ENDS["softmax"])
    helper.set_model_props(made, {"names": "a b"})
    onnx.save(made, tmp_path / "made.onnx")
    head = onnx_head(tmp_path / "made.onnx", {"x": inputs()})
    assert head.metadata == {"names": "a b"}
    assert repr(head) == "OnnxHead(n_samples=10, n_features=4, n_classes=5)"
    np.testing.assert_array_equal(head.logits, onnx_head(made, inputs()).logits)


def test_steps_of_a_sequence_are_samples():
    made = model(*ENDS["softmax"], shape=(None, None, D))
    x = inputs(6).reshape(2, 3, D)
    np.testing.assert_allclose(
        onnx_head(made, x).logits, onnx_head(model(*ENDS["softmax"]), inputs(6)).logits, rtol=1e-6
    )


def test_whole_numbers_are_taken():
    made = model(*ENDS["sum"], kind=TensorProto.INT32)
    assert onnx_head(made, [[1, 2, 3]]).logits.shape == (1, C)


REFUSED = {
    "sigmoid": [*SUM, node("Sigmoid", "s", "f")],
    "temperature": [*SUM, node("Div", "s two", "t"), node("Softmax", "t", "f", axis=-1)],
    "product of two": [node("Transpose", "z", "y"), node("MatMul", "y z", "f")],
}


@pytest.mark.parametrize("end", REFUSED)
def test_another_end_is_refused(end):
    with pytest.raises(ValueError, match=r"the network must end in a (matrix )?product"):
        onnx_head(model(*REFUSED[end]), inputs())


INPUTS = {
    "inputs must be of x, got y": {"y": inputs()},
    "one number of samples, at least 1": np.zeros((0, D)),
    "inputs must be what the network takes": np.zeros((2, D + 1)),
    "must be": "text",
}


@pytest.mark.parametrize("message", INPUTS)
def test_other_inputs_are_refused(message):
    with pytest.raises(ValueError, match=message):
        onnx_head(model(*ENDS["sum"]), INPUTS[message])


def test_other_models_are_refused(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"bad.onnx must be an ONNX model"):
        onnx_head(tmp_path / "bad.onnx", inputs())
    with pytest.raises(OSError, match=r"none\.onnx"):
        onnx_head(tmp_path / "none.onnx", inputs())
    with pytest.raises(ValueError, match="model must be a path or an onnx"):
        onnx_head(3, inputs())
    with pytest.raises(ValueError, match="model must be one that onnxruntime runs"):
        onnx_head(model(node("NoSuch", "z", "y"), node("MatMul", "y W", "f")), inputs())
    with pytest.raises(ValueError, match="features of the network must be finite"):
        onnx_head(model(*ENDS["sum"]), np.full((1, D), 1e39))


@pytest.mark.parametrize("argument", ["model", "inputs", "batch_size"])
def test_wrong_values_get_a_word_of_our_own(argument):
    given = {"model": model(*ENDS["sum"]), "inputs": inputs(), "batch_size": 2}
    said = []
    for value in WRONG.values():
        try:
            onnx_head(**given | {argument: value})
        except (ValueError, OSError) as error:  # OSError: a file that is not there
            said.append(str(error))
    assert len(said) > 10
    assert not [text for text in said if "\n" in text]
