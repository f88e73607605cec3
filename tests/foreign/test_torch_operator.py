"""Any weights of any model of PyTorch, by products, and what takes them."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

import rmt_hessian as rh
from rmt_hessian.autograd import torch_operator
from rmt_hessian.autograd.convolution import convolution_factors, patches_of
from tests.foreign.torch_models import close, hessian_of, language, residual_network
from tests.test_foreign_values import WRONG

RNG = np.random.default_rng(0)
IMAGES, LABELS = torch.as_tensor(RNG.standard_normal((5, 1, 9, 9))), torch.arange(5) % 4


def dense(H):
    return H @ np.eye(H.shape[0])


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("names", [["0"], ["2.two"], ["5"], ["2.one", "2.two", "5"]])
@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_residual_network(normalised, names, batch_size):
    model = residual_network(normalised)
    H = torch_operator(model, names, IMAGES, LABELS, batch_size=batch_size)
    assert [*H.parameters] == [f"{name}.weight" for name in names]
    close(dense(H), hessian_of(model, [*H.parameters], IMAGES, LABELS))


@pytest.mark.parametrize("module", ["blocks.0.attention", "token", "blocks.0.first"])
def test_a_transformer(module):
    """Attention, embeddings, normalisation: where samples interact too."""
    model, tokens, following = language()
    H = torch_operator(model, model.get_submodule(module), tokens, following, bias=True)
    close(dense(H), hessian_of(model, [*H.parameters], tokens, following))


def test_all_parameters_and_their_places():
    model, tokens, following = language()
    H = torch_operator(model, model, tokens, following, bias=True)
    assert [*H.parameters] == [name for name, _ in model.named_parameters()]
    place = H.places["head.weight"]
    layer = rh.torch_layer(model, "head", tokens, following)
    v = np.zeros((H.shape[0], layer.shape[0]))
    v[place] = np.eye(layer.shape[0])
    close((H @ v)[place], layer.to_dense())


def test_packaged_attention_and_its_fast_path():
    """`nn.TransformerEncoder` in evaluation calls a fused kernel where no gradient is asked for."""
    torch.manual_seed(0)
    one = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    model = nn.Sequential(
        nn.TransformerEncoder(one, 1, enable_nested_tensor=False), nn.Linear(4, 3)
    )
    x, y = torch.as_tensor(RNG.standard_normal((3, 4, 4))), torch.arange(12).reshape(3, 4) % 3
    before = torch.backends.mha.get_fastpath_enabled()
    for module in ("0.layers.0.self_attn", "0.layers.0.linear1"):
        H = torch_operator(model.eval(), module, x, y)
        assert not any("bias" in name for name in H.parameters)  # in_proj_bias neither
        close(dense(H), hessian_of(model, [*H.parameters], x, y))
    layer = rh.torch_layer(model, "0.layers.0.linear1", x, y)
    close(layer.to_dense(), dense(H))
    assert torch.backends.mha.get_fastpath_enabled() == before


def test_padded_sequences():
    """Which the encoder would pack, in evaluation; tokens that are padding have no loss."""
    torch.manual_seed(0)
    one = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)

    class Padded(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.head = nn.TransformerEncoder(one, 1), nn.Linear(4, 3)

        def forward(self, x, padding):
            return self.head(self.encoder(x, src_key_padding_mask=padding))

    x, y = torch.as_tensor(RNG.standard_normal((3, 4, 4))), torch.arange(12).reshape(3, 4) % 3
    padding = torch.zeros(3, 4, dtype=torch.bool)
    padding[0, 2:] = padding[2, 3:] = True
    y[padding] = -1
    model, name = Padded().eval(), "encoder.layers.0.linear1"
    with torch.no_grad():  # as a user may
        layer = rh.torch_layer(model, name, (x, padding), y, ignore_index=-1)
        H = torch_operator(model, name, {"x": x, "padding": padding}, y, ignore_index=-1)
    close(dense(H), layer.to_dense())
    assert layer.n_samples == 9


@pytest.mark.parametrize("part", [nn.LSTM(3, 3, 2, dropout=0.1), nn.MultiheadAttention(4, 2, 0.1)])
def test_dropout_inside_of_a_module(part):
    model = nn.Sequential(part)
    with pytest.raises(
        ValueError, match=rf"model.eval\(\), got {type(part).__name__} '0' in train"
    ):
        torch_operator(model, model, np.ones((2, 2, 3)), np.ones((2, 2, 3)), "mse")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_numbers_a_model_makes_are_of_its_copys_precision(dtype):
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            return nn.functional.linear(self.layer(x), torch.eye(3))

    torch.manual_seed(0)
    model, (x, y) = Mixed().eval(), (RNG.standard_normal((4, 3)), [0, 1, 2, 0])
    before = torch.get_default_dtype()
    H = torch_operator(model, "layer", x, y, dtype=dtype)
    assert torch.get_default_dtype() == before
    plain = nn.Sequential(model.layer).eval()
    close(dense(H), dense(torch_operator(plain, "0", x, y)), 1e-10 if dtype == "float64" else 1e-4)


def test_weights_used_twice_count_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            return self.layer(torch.tanh(self.layer(x)))

    torch.manual_seed(1)
    model, x = Twice().eval(), torch.as_tensor(RNG.standard_normal((4, 3)))
    H = torch_operator(model, ["layer", model.layer], x, torch.arange(4) % 3)
    close(dense(H), hessian_of(model, ["layer.weight"], x, torch.arange(4) % 3))


def test_what_the_package_does_with_it():
    model = residual_network()
    H = torch_operator(model, "2.two", IMAGES, LABELS)
    A = dense(H)
    values, vectors = rh.top_eigenpairs(H, 4)
    close(values, np.linalg.eigvalsh(A)[-4:], 1e-8)
    shares = rh.reshape_eigenvectors(vectors, (3, 27)).rank_one_share
    assert ((shares > 0) & (shares <= 1)).all()
    density = rh.spectral_density(H, n_probes=4, rng=0)
    assert density.mean() == pytest.approx(np.trace(A) / len(A), abs=6 * np.abs(A).max())
    np.testing.assert_allclose(rh.eigenvalues(H), np.linalg.eigvalsh(A), atol=1e-9 * values[-1])
    other = rh.top_eigenpairs(torch_operator(residual_network(seed=1), "2.two", IMAGES, LABELS), 4)
    assert 0 <= rh.subspace_overlap(vectors, other[1]) <= 1


def test_single_precision_is_close():
    model = residual_network(normalised=True)
    exact = dense(torch_operator(model, "2.one", IMAGES, LABELS))
    H = torch_operator(model, "2.one", IMAGES, LABELS, dtype="float32")
    assert H.dtype == np.float32
    close(dense(H), exact, 1e-4)


def test_a_model_that_is_linear_in_the_weights():
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten()).eval()
    H = torch_operator(model, "0", np.ones((2, 1, 4)), np.ones((2, 4)), lambda f, y: (f * y).sum(1))
    assert not dense(H).any()


@pytest.mark.parametrize(
    ("module", "loss", "message"),
    [
        ("1", "ce", "must have weights"),
        ("5", lambda f, y: f.detach().sum(1), "must depend on the weights"),
        ("nothing", "ce", "got the name 'nothing'"),
    ],
)
def test_refused(module, loss, message):
    with pytest.raises(ValueError, match=message):
        torch_operator(residual_network(), module, IMAGES, LABELS, loss)


# --- convolutions -------------------------------------------------------------------------------

CONVOLUTIONS = {
    "one dimension": nn.Conv1d(2, 3, 3),
    "padded": nn.Conv2d(2, 3, (3, 2), padding=(1, 2)),
    "stride and dilation": nn.Conv2d(2, 3, (2, 3), stride=(2, 1), dilation=(1, 2)),
    "same": nn.Conv2d(2, 3, (3, 5), padding="same"),
    "circular": nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular"),
    "three dimensions": nn.Conv3d(2, 3, 2, padding=1),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution_multiplies_patches(name):
    conv = CONVOLUTIONS[name].double()
    x = torch.as_tensor(RNG.standard_normal((4, 2, *[6, 5, 4][: len(conv.kernel_size)])))
    z = patches_of(conv, x)
    found = (z @ conv.weight.reshape(3, -1).T + conv.bias).transpose(1, 2)
    close(found.detach().numpy(), conv(x).flatten(2).detach().numpy(), 1e-14)


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("name", ["0", "2.one", "2.two"])
def test_factors_of_a_convolution(normalised, name):
    """The left one is the Hessian of the bias; the right one from patches of a loop."""
    model = residual_network(normalised)
    conv = model.get_submodule(name)
    seen = []
    handle = conv.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    left = hessian_of(model, [f"{name}.bias"], IMAGES, LABELS)
    handle.remove()
    each, mean = (
        convolution_factors(model, name, IMAGES, LABELS, patches=patches, batch_size=2)
        for patches in ("each", "mean")
    )
    z = nn.functional.unfold(seen[0].detach(), 3, padding=conv.padding, stride=conv.stride)
    z = z.transpose(1, 2).numpy()
    close(each.left, left)
    close(mean.left, left)
    expected = [np.outer(patch, patch) for image in z for patch in image]
    close(each.right, np.mean(expected, axis=0))
    close(mean.right, np.mean([np.outer(*[image.mean(0)] * 2) for image in z], axis=0))


def test_one_image_of_equal_patches_is_a_product():
    """Whatever the positions have to do with each other."""
    torch.manual_seed(0)
    conv = nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular")
    model = nn.Sequential(conv, nn.Tanh(), nn.Flatten(), nn.Linear(15, 4)).eval()
    x, y = torch.ones(1, 2, 5) * torch.tensor([[[0.3], [-1.2]]]), [2]
    H = dense(torch_operator(model, "0", x, y))
    for patches in ("each", "mean"):
        close(convolution_factors(model, "0", x, y, patches=patches).to_dense(), H)


def test_one_position_is_a_linear_layer():
    torch.manual_seed(0)
    conv = nn.Sequential(nn.Conv2d(2, 3, 2), nn.Flatten(), nn.Tanh(), nn.Linear(3, 4)).eval()
    linear = nn.Sequential(nn.Flatten(), nn.Linear(8, 3), nn.Tanh(), nn.Linear(3, 4)).eval()
    linear[1].weight.data = conv[0].weight.data.reshape(3, 8)
    linear[1].bias.data, linear[3] = conv[0].bias.data, conv[3]
    x = torch.as_tensor(RNG.standard_normal((5, 2, 2, 2)))
    expected = rh.kronecker_approximation(rh.torch_layer(linear, "1", x, LABELS))
    for patches in ("each", "mean"):
        found = convolution_factors(conv, "0", x, LABELS, patches=patches)
        close(found.left, expected.left)
        close(found.right, expected.right)


@pytest.mark.parametrize(
    ("model", "module", "message"),
    [
        (residual_network(), "5", "convolution of one group"),
        (
            nn.Sequential(nn.Conv2d(2, 2, 3, groups=2), nn.Flatten()),
            "0",
            "convolution of one group",
        ),
    ],
)
def test_refused_factors(model, module, message):
    with pytest.raises(ValueError, match=message):
        convolution_factors(model, module, IMAGES, LABELS)


CALL = {"model": residual_network(), "module": "0", "inputs": IMAGES, "targets": LABELS}
CALL |= {"loss": "ce", "batch_size": 2}
WEIGHTED = {"sample_weight": np.ones(5), "class_weight": np.ones(4), "ignore_index": -1}
LINEAR = {"model": nn.Sequential(nn.Flatten(), nn.Linear(81, 4)).eval(), "module": "1"}
CALLS = {
    rh.torch_operator: CALL | WEIGHTED | {"bias": False, "dtype": "float64"},
    rh.torch_layer: CALL | WEIGHTED | LINEAR | {"bias": False, "chunk_size": 100},
    convolution_factors: CALL | {"patches": "each"},
}


@pytest.mark.parametrize("function", CALLS, ids=lambda function: function.__name__)
def test_wrong_values_get_a_word_of_our_own(function):
    for argument in CALLS[function]:
        for kind, value in WRONG.items():
            if argument == "loss" and callable(value):
                continue  # what goes wrong inside is the user's
            try:
                function(**CALLS[function] | {argument: value})
            except (ValueError, OverflowError) as error:
                said = str(error)
                assert "\n" not in said, (argument, kind, said)
                assert argument == "inputs" or argument.split("_")[0] in said, (argument, said)


def test_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install 'rmt_hessian\[torch\]'"):
        torch_operator(None, "0", IMAGES, LABELS)
