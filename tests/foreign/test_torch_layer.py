"""Linear layers inside models of PyTorch: closed form and automatic differentiation."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import rmt_hessian as rh
from rmt_hessian.autograd import layer as autograd_layer
from rmt_hessian.autograd.rows import TorchCurvature
from tests.foreign.torch_models import close, hessian_of, language


def perceptron(seed=0, activation=nn.GELU, widths=(3, 5, 4, 3)):
    torch.manual_seed(seed)
    d, m, n, C = widths
    return nn.Sequential(
        nn.LayerNorm(d), nn.Linear(d, m), activation(), nn.Linear(m, n), nn.Tanh(), nn.Linear(n, C)
    ).eval()


def sample(N=6, d=3, C=3):
    X = torch.as_tensor(np.random.default_rng(1).standard_normal((N, d)))
    return X, torch.arange(N) % C


SEQUENCES = torch.as_tensor(np.random.default_rng(0).standard_normal((4, 5, 3)))


# --- against another differentiation ------------------------------------------------------------


@pytest.mark.parametrize("name", ["blocks.1.mlp.0", "blocks.1.mlp.2", "head"])
@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_transformer_sees_tokens_as_samples(name, batch_size):
    model, tokens, following = language()
    H = rh.torch_layer(model, name, tokens, following, batch_size=batch_size)
    close(H.to_dense(), hessian_of(model, [f"{name}.weight"], tokens, following))
    assert H.n_samples == tokens.numel()


@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("name", ["1", "3", "5"])
@pytest.mark.parametrize("kept", [True, False])
def test_every_question_a_layer_answers(loss, name, kept, monkeypatch):
    """M_n as an array, and made anew when they are asked for."""
    model, (X, y) = perceptron(), sample()
    targets = y if loss == "ce" else torch.as_tensor(np.random.default_rng(2).normal(size=(6, 3)))
    if not kept:
        monkeypatch.setattr(autograd_layer, "KEPT", 0)
    H = rh.torch_layer(model, name, X, targets, loss, batch_size=4, chunk_size=10)
    assert isinstance(H.output_hessians.curvature, TorchCurvature) is not kept
    A = hessian_of(model, [f"{name}.weight"], X, targets, loss)
    k, p = H.n_blocks, H.block_size
    blocks = A.reshape(k, p, k, p).transpose(0, 2, 1, 3)
    close(H.to_dense(), A)
    close(H @ np.eye(k * p)[:, ::-1], A[:, ::-1])
    close(H.diagonal(), np.diag(A))
    close(H.trace(), np.trace(A))
    close(H.frobenius_norm(), np.linalg.norm(A))
    close(H.block_norms(), np.linalg.norm(blocks, axis=(2, 3)))
    close(H.block(0, 1), blocks[0, 1])
    close(
        H.restrict([2, 0]).to_dense(),
        A.reshape(k, p, k, p)[[2, 0]][:, :, [2, 0]].reshape(2 * p, -1),
    )
    norms = np.square(np.linalg.norm(blocks, axis=(2, 3)))
    share = 1 - np.trace(norms) / norms.sum()
    close(H.off_diagonal_share(), share)


def test_the_output_hessian_is_that_of_the_bias():
    model, (X, y) = perceptron(), sample()
    H = rh.torch_layer(model, "3", X, y)
    close(H.output_hessian(), hessian_of(model, ["3.bias"], X, y))


def test_a_bias_is_the_last_feature():
    model, (X, y) = perceptron(), sample()
    H = rh.torch_layer(model, "1", X, y, bias=True)
    A = hessian_of(model, ["1.weight", "1.bias"], X, y)
    order = np.concatenate([[*range(3 * i, 3 * i + 3), 15 + i] for i in range(5)])
    close(H.to_dense(), A[np.ix_(order, order)])


def test_a_chain_has_its_closed_form():
    """Where this package has one: the same object, whose laws and norms are the same."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 3)).double().eval()
    X, y = sample(d=4)
    weights, biases = (
        [getattr(model[i], kind).detach().numpy() for i in (0, 2)] for kind in ("weight", "bias")
    )
    net = rh.Network(weights, biases, "gelu")
    for layer, name in ((0, "0"), (1, "2")):
        H = rh.torch_layer(model, name, X, y)
        closed = rh.layer_hessian(net, X.numpy(), layer, "ce", y=y.numpy())
        close(H.to_dense(), closed.to_dense())
        close(H.mean_squared_block_norms().diagonal, closed.mean_squared_block_norms().diagonal)
        close(H.output_hessian(), closed.output_hessian())


# --- losses, weights, labels --------------------------------------------------------------------


def test_losses_of_ones_own():
    """Losses of samples, or their mean, as PyTorch has it; the loss by name is the same."""
    model, tokens, following = language()
    H = rh.torch_layer(model, "head", tokens, following)

    def of_tokens(f, y):
        return F.cross_entropy(f.transpose(1, 2), y, reduction="none")

    def mean(f, y):
        return F.cross_entropy(f.flatten(0, 1), y.flatten())

    for loss in (of_tokens, mean):
        for size in (None, 3):
            found = rh.torch_layer(model, "head", tokens, following, loss, batch_size=size)
            close(found.to_dense(), H.to_dense())


def test_ignored_tokens_are_no_samples():
    model, tokens, following = language()
    following[0, 3:] = following[2, 4:] = -100
    H = rh.torch_layer(model, "blocks.1.mlp.0", tokens, following, ignore_index=-100, batch_size=2)
    A = hessian_of(model, ["blocks.1.mlp.0.weight"], tokens, following)  # -100 is PyTorch's own
    close(H.to_dense(), A)
    assert H.n_samples == tokens.numel() - 5
    assert H.output_hessian().shape == (8, 8)


def test_weights_of_samples_and_classes():
    model, (X, y) = perceptron(), sample()
    w, v = np.array([1.0, 2.0, 0.0, 1.0, 3.0, 0.5]), np.array([1.0, 0.2, 2.0])
    H = rh.torch_layer(model, "3", X, y, sample_weight=w, class_weight=v)

    def weighted(outputs):
        of = torch.as_tensor(w * v[y.numpy()])
        return (of * F.cross_entropy(outputs, y, reduction="none")).sum() / of.sum()

    close(H.to_dense(), hessian_of(model, ["3.weight"], X, y, weighted))
    assert H.n_samples == 5
    assert H.sample_weights.mean() == pytest.approx(1)


def test_labels_that_are_text_and_distributions():
    model, (X, y) = perceptron(), sample()
    expected = rh.torch_layer(model, "1", X, y).to_dense()
    names = np.array(["bird", "cat", "dog"])[y]
    with pytest.warns(UserWarning, match="labels are text"):
        close(rh.torch_layer(model, "1", X, names).to_dense(), expected)
    close(rh.torch_layer(model, "1", X, np.eye(3)[y]).to_dense(), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_weights_of_any_precision_are_taken_as_they_are(dtype):
    model, (X, y) = perceptron().to(dtype), sample()
    H = rh.torch_layer(model, "3", X.float(), y)
    assert H.dtype == np.float64
    assert model[3].weight.dtype == dtype  # the user's own model is untouched
    assert model[3].weight.requires_grad
    close(H.to_dense(), hessian_of(model, ["3.weight"], X.float().double(), y))


def test_inputs_by_name_or_several():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 4)

        def forward(self, a, b=None, scale=1.0):
            return torch.tanh(self.layer(a + b) * scale)

    torch.manual_seed(0)
    model, (X, y) = Sum().eval(), sample()
    whole = rh.torch_layer(model, "layer", {"a": X, "b": X, "scale": 2.0}, y)
    ordered = rh.torch_layer(model, "layer", (X.numpy(), X, 2.0), y, batch_size=4)
    close(whole.to_dense(), ordered.to_dense())


class LastToken(nn.Module):
    """The loss knows of one of the tokens that the layer sees."""

    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.Linear(3, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(torch.tanh(self.layer(x))[:, -1])


def test_more_samples_than_outputs():
    """All that the layer sees are samples of it, whatever outputs count."""
    torch.manual_seed(0)
    model, (X, y) = LastToken().eval(), (SEQUENCES, torch.tensor([0, 2, 1, 1]))
    w = np.array([1.0, 0.0, 2.0, 0.5])
    H = rh.torch_layer(model, "layer", X, y, sample_weight=w)

    def weighted(outputs):
        return (torch.as_tensor(w) * F.cross_entropy(outputs, y, reduction="none")).sum() / w.sum()

    close(H.to_dense(), hessian_of(model, ["layer.weight"], X, y, weighted))
    assert (H.n_samples, H.sample_weights) == (20, None)


def test_what_works_in_place_above_it():
    model, (X, y) = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 3)), sample()
    H = rh.torch_layer(model.eval(), "0", X, y)
    close(H.to_dense(), hessian_of(model, ["0.weight"], X, y))


def test_a_layer_whose_loss_is_linear_in_it_is_zero():
    model, (X, y) = nn.Sequential(nn.Linear(3, 2)).eval(), sample()
    H = rh.torch_layer(model, "0", X, y, lambda f, y: f.sum(1))
    assert H.frobenius_norm() == 0


# --- refusals -----------------------------------------------------------------------------------


def pooled(seed=0):
    torch.manual_seed(seed)

    class Pooled(nn.Module):
        def __init__(self):
            super().__init__()
            self.below, self.above = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.above(torch.tanh(self.below(x)).mean(1))

    return Pooled().eval()


class Coupled(nn.Module):
    """Two samples of a batch interact, or each is the output of the one before."""

    def __init__(self, i, j, shifted=False):
        super().__init__()
        self.layer, self.i, self.j, self.shifted = nn.Linear(3, 3), i, j, shifted

    def forward(self, x):
        f = self.layer(x)
        if self.shifted:
            return f.roll(1, 0)
        moved = torch.zeros_like(f)
        moved[self.i] = 1e-3 * torch.tanh(f[self.j])
        return f + moved


@pytest.mark.parametrize("i", range(6))
def test_any_two_samples_that_interact_are_found(i):
    for j in range(6):
        if i != j:
            with pytest.raises(ValueError, match="a second derivative between two"):
                rh.torch_layer(Coupled(i, j).eval(), "layer", X6, Y6)
    rh.torch_layer(Coupled(i, i).eval(), "layer", X6, Y6)


def test_samples_whose_label_is_another():
    """Left out are outputs, and here not the samples in their places."""
    model = Coupled(0, 0, shifted=True).eval()
    close(
        rh.torch_layer(model, "layer", X6, Y6).to_dense(),
        hessian_of(model, ["layer.weight"], X6, Y6),
    )
    with pytest.raises(ValueError, match="samples left out on which other losses depend"):
        rh.torch_layer(model, "layer", X6, [0, 1, 2, -1, 1, 2], ignore_index=-1)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return self.layer(torch.relu(self.layer(x)))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(5, 3), nn.Linear(3, 5, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens):
        return self.head(self.embedding(tokens))


class Random(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return F.dropout(self.layer(x), 0.5, training=True)


class Beside(nn.Module):
    """Its layer's weights are used, and the layer is not called."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return F.linear(x, self.layer.weight)


class Uncopied(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.kept = self.layer.weight * 2  # no leaf

    def forward(self, x):
        return self.layer(x)


X6, Y6 = sample()
REFUSED = {
    "a second derivative between two": lambda: rh.torch_layer(
        pooled(), "below", SEQUENCES, [0, 1, 0, 1]
    ),
    "earlier block|between two": lambda: rh.torch_layer(
        language()[0], "blocks.0.mlp.0", *language()[1:]
    ),
    "called once.*2 calls": lambda: rh.torch_layer(Twice().eval(), "layer", X6, Y6),
    "called once.*not at all": lambda: rh.torch_layer(Beside().eval(), "layer", X6, Y6),
    "weights of its own.*embedding.weight and head.weight": lambda: rh.torch_layer(
        Tied().eval(), "head", torch.arange(5), torch.arange(5)
    ),
    "the same loss twice": lambda: rh.torch_layer(Random().eval(), "layer", X6, Y6),
    r"model.eval\(\), got BatchNorm1d '1' in training": lambda: rh.torch_layer(
        nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)), "0", X6, Y6
    ),
    r"model.eval\(\), got Dropout '1' in training": lambda: rh.torch_layer(
        nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.1)), "0", X6, Y6
    ),
    "without running statistics": lambda: rh.torch_layer(
        nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, track_running_stats=False)).eval(),
        "0",
        X6,
        Y6,
    ),
    "must be a torch.nn.Linear": lambda: rh.torch_layer(perceptron(), "0", X6, Y6),
    "got the name 'head'": lambda: rh.torch_layer(perceptron(), "head", X6, Y6),
    "one of the model's, or its name": lambda: rh.torch_layer(
        perceptron(), nn.Linear(3, 3), X6, Y6
    ),
    "must be a torch.nn.Module": lambda: rh.torch_layer(np.eye(3), "0", X6, Y6),
    "module has none": lambda: rh.torch_layer(language()[0], "head", *language()[1:], bias=True),
    "targets must be given": lambda: rh.torch_layer(perceptron(), "1", X6, None),
    r"targets must have shape \(6,\) or \(6, 3\), got \(5,\)": lambda: rh.torch_layer(
        perceptron(), "1", X6, Y6[:5]
    ),
    "labels must lie in 0 … 2": lambda: rh.torch_layer(perceptron(), "1", X6, Y6 + 1),
    "inputs must be finite": lambda: rh.torch_layer(perceptron(), "1", X6 * np.nan, Y6),
    "without samples": lambda: rh.torch_layer(perceptron(), "1", X6[:0], Y6[:0]),
    "inputs must be numbers": lambda: rh.torch_layer(perceptron(), "1", object(), Y6),
    "loss must be one of": lambda: rh.torch_layer(perceptron(), "1", X6, Y6, "hinge"),
    "loss must return a tensor": lambda: rh.torch_layer(
        perceptron(), "1", X6, Y6, lambda f, y: 0.0
    ),
    "loss must depend on the outputs": lambda: rh.torch_layer(
        perceptron(), "1", X6, Y6, lambda f, y: f.detach().sum(1)
    ),
    "the mean over the inputs of a batch": lambda: rh.torch_layer(
        perceptron(), "1", X6, Y6, lambda f, y: f.square().sum(), batch_size=2
    ),
    "a loss that is a function": lambda: rh.torch_layer(
        perceptron(), "1", X6, Y6, lambda f, y: f.sum(1), ignore_index=0
    ),
    "batch_size must be": lambda: rh.torch_layer(perceptron(), "1", X6, Y6, batch_size=0),
    "copy.deepcopy takes": lambda: rh.torch_layer(Uncopied().eval(), "layer", X6, Y6),
    "inputs must be what the model takes, got RuntimeError": lambda: rh.torch_layer(
        perceptron(), "1", X6[:, :2], Y6
    ),
    "must have seen an input": lambda: rh.torch_layer(
        nn.Sequential(nn.LazyLinear(3)).eval(), "0", X6, Y6
    ),
    "model must return logits": lambda: rh.torch_layer(
        nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)).eval(), "0", X6, Y6, "mse"
    ),
}


@pytest.mark.parametrize("message", REFUSED)
@pytest.mark.filterwarnings("ignore:Lazy modules:UserWarning")
def test_refused(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()
