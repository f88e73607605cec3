"""Chains of PyTorch as networks: logits, and Hessians by autograd of the modules themselves."""

import copy
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from torch.nn.utils import parametrizations, prune

import rmt_hessian as rh
from rmt_hessian import Network
from tests.test_foreign_values import WRONG

ACTIVATIONS = {
    nn.ReLU: ["relu"],
    lambda: nn.LeakyReLU(0.01): ["leaky_relu"],
    lambda: nn.LeakyReLU(0.2): ["leaky_relu(0.2)"],
    nn.Identity: [],
    nn.Tanh: ["tanh"],
    nn.Sigmoid: ["sigmoid"],
    lambda: nn.Softplus(threshold=300): ["softplus"],  # of 20, torch has 0 for σ'' = 2e-9
    nn.GELU: ["gelu"],
    lambda: nn.GELU("tanh"): ["gelu_tanh"],
    nn.SiLU: ["silu"],
}
DIGITS = 1e-10  # relative to the largest entry
N = 6


def random_norm(width, rng):
    norm = nn.BatchNorm1d(width, affine=bool(rng.integers(2)), dtype=torch.float64)
    norm.running_mean.copy_(torch.from_numpy(rng.standard_normal(width)))
    norm.running_var.copy_(torch.from_numpy(rng.exponential(size=width)))
    if norm.affine:
        with torch.no_grad():
            norm.weight.copy_(torch.from_numpy(rng.standard_normal(width)))
            norm.bias.copy_(torch.from_numpy(rng.standard_normal(width)))
    return norm


def random_chain(seed):
    """A Sequential of up to five Linears, part of it nested, in evaluation, and what it should be.

    Biases and norms here and there, up to two norms in a row; an activation between two Linears or
    none. Returns the module, the names of its activations, and a generator.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    depth = 1 + seed % 5
    widths = [*rng.integers(1, 5, depth), rng.integers(2, 4)]
    layers, names = [nn.Flatten()] * rng.integers(2), []
    for l in range(depth):
        layers += [random_norm(widths[l], rng) for _ in range(rng.integers(3)) if rng.integers(2)]
        bias = bool(rng.integers(3))
        layers.append(nn.Linear(widths[l], widths[l + 1], bias=bias, dtype=torch.float64))
        layers += [random_norm(widths[l + 1], rng) for _ in range(rng.integers(2))]
        if l + 1 < depth:
            make = list(ACTIVATIONS)[rng.integers(len(ACTIVATIONS))]
            layers.append(make())
            names += ACTIVATIONS[make] or ["identity"]
            layers += [nn.Dropout(0.3), nn.AlphaDropout(0.3)][: rng.integers(3)]
    cut = int(rng.integers(len(layers) + 1))
    model = nn.Sequential(*layers[:cut], nn.Sequential(*layers[cut:], nn.Identity()))
    return model.eval(), names, rng


# --- the folding, by itself -------------------------------------------------------------------


def parameters(model):
    """``W`` and ``b`` of the Linears as the rows of ``[W | b]``, one after another, and names."""
    linears = {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear)}
    rows = [m.weight if m.bias is None else torch.column_stack([m.weight, m.bias])
            for m in linears.values()]  # fmt: skip
    return torch.cat([r.detach().reshape(-1) for r in rows]), linears


def unpacked(theta, linears):
    """``{name: (W, b)}`` of a vector of `parameters`."""
    found, start = {}, 0
    for name, m in linears.items():
        k, p = m.weight.shape
        rows = theta[start : start + k * (p + (m.bias is not None))].reshape(k, -1)
        start += rows.numel()
        found[name] = rows[:, :p], None if m.bias is None else rows[:, p]
    return found


def folded(theta, model, linears):
    """The folded parameters as a function of those of the module: at fixed norms it is affine.

    A norm is probed: ``t = norm(0)``, ``s = norm(1) - t``.
    """
    values, layers, waiting, open_ = unpacked(theta, linears), [], [], False
    for name, module in model.named_modules():
        if name in values:
            W, b = values[name]
            for s, t in reversed(waiting):  # the last norm acts first on W
                b = W @ t + (0 if b is None else b)
                W = W * s
            waiting, open_ = [], True
            layers.append((W, b))
        elif isinstance(module, nn.BatchNorm1d):
            ones = torch.ones(1, module.num_features, dtype=torch.float64)
            t = module(0 * ones)[0].detach()
            s = module(ones)[0].detach() - t
            if open_:
                W, b = layers[-1]
                layers[-1] = s[:, None] * W, t + (0 if b is None else s * b)
            else:
                waiting.append((s, t))
        elif not isinstance(module, nn.Sequential | nn.Dropout | nn.AlphaDropout | nn.Identity):
            open_ = False
    rows = [W if b is None else torch.column_stack([W, b]) for W, b in layers]
    return torch.cat([r.reshape(-1) for r in rows])


def loss_of(model, X, y, loss):
    """The mean loss as a function of `parameters`."""
    _, linears = parameters(model)

    def value(theta):
        given = {}
        for name, (W, b) in unpacked(theta, linears).items():
            given |= {f"{name}.weight": W} | ({} if b is None else {f"{name}.bias": b})
        f = functional_call(model, given, (X,))
        if loss == "ce":
            return F.cross_entropy(f, y)
        return ((f - F.one_hot(y, f.shape[1])) ** 2).sum(1).mean() / 2

    return value


def close(found, expected):
    expected = np.asarray(expected)
    atol = DIGITS * max(np.abs(expected).max(), 1e-300)
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("seed", range(60))
def test_logits_and_hessians_are_those_of_the_module(seed):
    """``H = Jᵀ H' J`` in the module's own parameters, H' in the folded ones, J the folding's."""
    model, names, rng = random_chain(seed)
    net = Network.from_torch(model)
    assert [sigma.name for sigma in net.activations] == names
    X = rng.standard_normal((N, net.widths[0]))
    y = rng.integers(0, net.widths[-1], N)
    X_torch, y_torch = torch.from_numpy(X), torch.from_numpy(y)
    close(net(X), model(X_torch).detach())
    theta, linears = parameters(model)
    J = torch.autograd.functional.jacobian(lambda t: folded(t, model, linears), theta).numpy()
    for loss in ("ce", "mse"):
        expected = torch.autograd.functional.hessian(loss_of(model, X_torch, y_torch, loss), theta)
        with_bias = any(b is not None for b in net.biases)
        H = rh.network_hessian(net, X, y, loss, bias=with_bias).to_dense()
        close(J.T @ H @ J, expected)
        first, own = 0, 0
        for l, m in enumerate(linears.values()):
            bias = net.biases[l] is not None
            layer = rh.layer_hessian(net, X, l, loss, y=y, bias=bias)
            size, own_size = (
                len(layer.to_dense()),
                m.weight.numel() + (0 if m.bias is None else len(m.bias)),
            )
            place, own_place = slice(first, first + size), slice(own, own + own_size)
            part = J[place, own_place]
            expected_part = np.asarray(expected)[own_place, own_place]
            atol = DIGITS * np.abs(np.asarray(expected)).max()
            np.testing.assert_allclose(
                part.T @ layer.to_dense() @ part, expected_part, rtol=0, atol=atol
            )
            first, own = first + size, own + own_size


@pytest.mark.parametrize("seed", range(0, 60, 7))
def test_without_norms_weights_are_the_very_ones(seed):
    model, _, _ = random_chain(seed)
    plain = nn.Sequential(*[m for m in model.modules() if not list(m.children())])
    plain = nn.Sequential(*[m for m in plain if not isinstance(m, nn.BatchNorm1d)])
    net, linears = Network.from_torch(plain), parameters(plain)[1]
    for W, b, m in zip(net.weights, net.biases, linears.values(), strict=True):
        np.testing.assert_array_equal(W, m.weight.detach().numpy())
        assert (b is None) == (m.bias is None)
        if b is not None:
            np.testing.assert_array_equal(b, m.bias.detach().numpy())


# --- ways to write a chain ------------------------------------------------------------------


class Functions(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 5)
        self.fc4, self.fc5, self.fc6 = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 3)
        self.norm = nn.BatchNorm1d(5)

    def forward(self, x, mask=None):
        x = x.view(x.size(0), -1)
        x = F.leaky_relu(self.norm(self.fc1(x)), 0.3)
        x = F.dropout(x, 0.5, self.training)
        x = torch.flatten(self.fc2(x).sigmoid(), 1)
        x = F.gelu(self.fc3(x.reshape(-1, 5)), approximate="tanh")
        x = F.dropout(input=x, p=0.5, training=self.training).reshape((x.shape[0], 5 * 1 - 6))
        x = torch.relu(self.fc4(x).flatten(1))
        x = F.softplus(self.fc5(x)) if mask is None else x
        return self.fc6(x)


def test_functions_and_methods_are_as_good_as_modules():
    torch.manual_seed(0)
    model = Functions().double().eval()
    net = Network.from_torch(model)
    names = ["leaky_relu(0.3)", "sigmoid", "gelu_tanh", "relu", "softplus"]
    assert [sigma.name for sigma in net.activations] == names
    X = torch.randn(5, 4, dtype=torch.float64)
    close(net(X), model(X).detach())


def test_images_are_taken_as_rows():
    """Flattened by the module, or by whoever calls the network."""
    for first in (nn.Flatten(), nn.Identity()):
        model = nn.Sequential(first, nn.Linear(12, 3), nn.Tanh(), nn.Linear(3, 2)).double()
        images = torch.randn(5, 3, 2, 2, dtype=torch.float64)
        rows = images.reshape(5, -1)
        expected = model(images if isinstance(first, nn.Flatten) else rows).detach()
        close(Network.from_torch(model)(rows), expected)


def test_a_linear_alone():
    class Own(nn.Linear):
        pass

    for model in (nn.Linear(4, 3), Own(4, 3), nn.Sequential(nn.Linear(4, 3))):
        net = Network.from_torch(model)
        assert net.widths == [4, 3]
        assert net.activations == ()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("grad", [False, True])
def test_short_numbers_are_widened_exactly(dtype, grad):
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).to(dtype)
    model.requires_grad_(grad)
    net = Network.from_torch(model)
    for W, m in zip(net.weights, (model[0], model[2]), strict=True):
        np.testing.assert_array_equal(W, m.weight.detach().double().numpy())
        assert not W.flags.writeable
    assert model[0].weight.dtype == dtype  # the module that was given is as it was
    assert model[0].weight.requires_grad == grad


def test_parametrized_weights_are_those_that_count():
    torch.manual_seed(0)
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 3)), nn.Tanh(), nn.Linear(3, 2))
    net = Network.from_torch(model)
    X = torch.randn(5, 4, dtype=torch.float64)
    close(net(X), copy.deepcopy(model).double()(X).detach())
    np.testing.assert_allclose(net.weights[0], model[0].weight.detach(), rtol=1e-6)


def test_the_module_and_the_random_state_stay_as_they_are():
    model, _, _ = random_chain(4)
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    Network.from_torch(model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert not model.training


def test_training_mode_is_fine_where_it_changes_nothing():
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.0), nn.ReLU(), nn.Linear(3, 2))
    assert model.training
    assert Network.from_torch(model).widths == [4, 3, 2]


def test_labels_that_are_text():
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    net, X = Network.from_torch(model), np.random.default_rng(0).standard_normal((6, 4))
    y = np.array([0, 1, 1, 0, 1, 0])
    with pytest.warns(UserWarning, match="labels are text"):
        H = rh.layer_hessian(net, X, 0, "ce", y=np.array(["cat", "dog"])[y])
    np.testing.assert_array_equal(H.to_dense(), rh.layer_hessian(net, X, 0, "ce", y=y).to_dense())


# --- what is refused ------------------------------------------------------------------------


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return x + self.fc(x)


class Branch(Residual):
    def forward(self, x):
        return self.fc(x if x.sum() > 0 else -x)


class Scaled(Residual):
    def forward(self, x):
        return self.fc(x * 2)


class Hidden(Residual):
    """A relu whose result is not what goes on."""

    def forward(self, x):
        x = self.fc(x)
        F.relu(x, inplace=True)
        return self.fc(x)


class Two(Residual):
    def forward(self, x, y):
        return self.fc(x) + y


class Pair(Residual):
    def forward(self, x):
        return self.fc(x), 1


class Product(Residual):
    def forward(self, x):
        return x @ self.fc.weight.T


class Rows(Residual):
    def forward(self, x):
        return self.fc(x.view(-1))


class Dropped(Residual):
    def forward(self, x):
        return self.fc(F.dropout(x, 0.5))


class Other(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def twice():
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.ReLU(), layer)


def tied():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    model[2].weight = model[0].weight
    return model


def hooked():
    model = nn.Sequential(nn.Linear(4, 4))
    model[0].register_forward_hook(lambda module, inputs, output: 2 * output)
    return model


def pruned():
    model = nn.Sequential(nn.Linear(4, 4))
    prune.l1_unstructured(model[0], "weight", 0.5)
    return model


def not_finite():
    model = nn.Sequential(nn.Linear(4, 4))
    nn.init.constant_(model[0].weight, torch.nan)
    return model


def chain(*between, last=True):
    return nn.Sequential(nn.Linear(4, 4), *between, *[nn.Linear(4, 4)] * last)


TWO = "follow a Linear .*one activation a layer"
END = "be left out: logits are what the last Linear gives"
SOFTMAX = "be left out: softmax is in the loss 'ce'"
STEP = r"must be one of torch.nn's Linear, BatchNorm1d, .*torch_layer\(model, module, .*head_"
CHAIN = "module must be a chain, each step on the result of the one before"
REFUSED = {
    r"^1 \(Conv2d\) " + STEP: lambda: chain(nn.Conv2d(1, 1, 1)),
    r"^1.0 \(LayerNorm\) " + STEP: lambda: chain(nn.Sequential(nn.LayerNorm(4))),
    r"^1 \(ELU\) " + STEP: lambda: chain(nn.ELU()),
    r"^1 \(PReLU\) " + STEP: lambda: chain(nn.PReLU()),
    r"^1 \(BatchNorm2d\) " + STEP: lambda: chain(nn.BatchNorm2d(4).eval()),
    r"^mul \(call function\) " + STEP: Scaled,
    r"^view \(call method\) " + STEP: Rows,
    r"^2 \(ReLU\) must " + TWO: lambda: chain(nn.ReLU(), nn.ReLU()),
    r"^3 \(ReLU\) must " + TWO: lambda: chain(nn.Tanh(), nn.Identity(), nn.ReLU()),
    r"^3 \(Tanh\) must " + TWO: lambda: chain(nn.ReLU(), nn.BatchNorm1d(4).eval(), nn.Tanh()),
    r"^0 \(ReLU\) must " + TWO: lambda: nn.Sequential(nn.ReLU(), nn.Linear(4, 4)),
    r"^1 \(Sigmoid\) must " + END: lambda: chain(nn.Sigmoid(), last=False),
    r"^2 \(ReLU\) must " + END: lambda: chain(nn.Dropout(0), nn.ReLU(), last=False),
    r"^1 \(Softmax\) must " + SOFTMAX: lambda: chain(nn.Softmax(1), last=False),
    r"^1 \(LogSoftmax\) must " + SOFTMAX: lambda: chain(nn.LogSoftmax(1), last=False),
    r"^1 \(BatchNorm1d\) must be in evaluation: call module.eval": lambda: chain(nn.BatchNorm1d(4)),
    r"^1 \(Dropout\) must be in evaluation: call module.eval": lambda: chain(nn.Dropout()),
    r"^1 \(AlphaDropout\) must be in evaluation": lambda: chain(nn.AlphaDropout(0.1)),
    r"^dropout \(call function\) must be in evaluation": Dropped,
    r"^1 \(BatchNorm1d\) must have running statistics": lambda: chain(
        nn.BatchNorm1d(4, track_running_stats=False)
    ).eval(),
    r"^2 \(Linear\) must have weights of its own, got a layer that is there twice": tied,
    r"^0 \(Linear\) must have weights of its own": twice,
    r"^1 \(LazyLinear\) must have its weights already: call": lambda: chain(nn.LazyLinear(4)),
    r"^0 \(Linear\) must have no forward hooks, which may change what it computes": hooked,
    r"^0 \(Linear\) must have no forward hooks.*prune\.remove": pruned,
    r"^1 \(Flatten\) must start at dimension 1, got Flatten\(start_dim=0": lambda: chain(
        nn.Flatten(0)
    ),
    r"^1 \(Softplus\) must have beta 1": lambda: chain(nn.Softplus(beta=2)),
    r"^1 \(Softplus\) must have beta 1 and a thres": lambda: chain(nn.Softplus(threshold=5)),
    rf"^{CHAIN} alone, got add \(call function\); rmt_hessian.torch_layer": Residual,
    rf"^{CHAIN} alone, got fc \(Linear\)": Hidden,
    rf"^{CHAIN} alone, got .*weight \(get attr\)": Product,
    "^module must have a forward of one tensor, without branches .* got TraceError": Branch,
    "^module must have a forward of one tensor, .* got TypeError: .*missing 1 required": Two,
    r"^module must return one tensor, got a tuple|^module must return one tensor, got \(": Pair,
    rf"^{CHAIN} alone, got 0.weight \(get attr\)": lambda: nn.Sequential(Other(4, 4)),
    "^module must have a Linear, got Sequential without": lambda: nn.Sequential(nn.ReLU()),
    "^module must take rows of 4 numbers, images flattened, got RuntimeError": lambda: chain(
        nn.BatchNorm1d(3).eval()
    ),
    r"^weights\[0\] must be finite, got 16 NaN": not_finite,
    "^module must be a torch.nn.Module, got the class Linear": lambda: nn.Linear,
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    with pytest.raises(ValueError, match=message) as refused:
        Network.from_torch(REFUSED[message]())
    assert "\n" not in str(refused.value)


def test_a_function_that_is_not_its_steps_is_seen_from_the_numbers():
    class Moody(Residual):
        traced = False

        def forward(self, x):
            x = self.fc(x)
            if self.traced:
                return 1.00001 * x
            self.traced = True
            return x

    with pytest.raises(ValueError, match=r"^module must be the chain of its steps, to 1e-09"):
        Network.from_torch(Moody())


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_values_get_a_word_of_our_own(kind):
    with pytest.raises(ValueError, match=r"^module must be a torch\.nn\.Module, got ") as refused:
        Network.from_torch(WRONG[kind])
    assert "\n" not in str(refused.value)


def test_torch_is_asked_for_only_here(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"^models of PyTorch need torch: pip install .*torch"):
        Network.from_torch(3)
