"""Models of PyTorch for tests, and their Hessians by another route."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Causal self-attention, written out."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        parts = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (p.unflatten(-1, (self.heads, -1)).transpose(1, 2) for p in parts)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(seen.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x):
        x = x + self.attention(self.first(x))
        return x + self.mlp(self.second(x))


class Language(nn.Module):
    """A causal transformer of two blocks: tokens (B, T) to logits (B, T, vocabulary)."""

    def __init__(self, vocabulary=7, width=4, heads=2, length=6):
        super().__init__()
        self.token, self.place = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens):
        x = self.token(tokens) + self.place(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def language(seed=0):
    """A model, tokens (5, 6) and the next ones."""
    torch.manual_seed(seed)
    model = Language().eval()
    text = torch.randint(0, 7, (5, 7))
    return model, text[:, :-1].clone(), text[:, 1:].clone()


class Residual(nn.Module):
    """Two convolutions around which the input goes, with normalisation or without."""

    def __init__(self, channels, normalised):
        super().__init__()
        norm = nn.BatchNorm2d if normalised else nn.Identity
        self.one, self.two = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.n_one, self.n_two = norm(channels), norm(channels)

    def forward(self, x):
        return F.relu(x + self.n_two(self.two(F.relu(self.n_one(self.one(x))))))


def residual_network(normalised=False, channels=3, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, channels, 3, stride=2),
        nn.ReLU(),
        Residual(channels, normalised),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * channels, 4),
    )
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    return model.eval()


def mean_loss(outputs, targets, loss):
    """Of logits with the classes last."""
    f = outputs.reshape(-1, outputs.shape[-1])
    if loss == "ce":
        return F.cross_entropy(f, targets.reshape(-1))
    return (f - targets.reshape(f.shape)).square().sum(1).mean() / 2


def hessian_of(model, names, inputs, targets, loss="ce"):
    """Of the mean loss in parameters of these names, by `torch.autograd.functional.hessian`."""
    model = model.double()
    theta = {name: model.get_parameter(name).detach() for name in names}
    sizes = [t.numel() for t in theta.values()]

    def value(flat):
        parts = zip(theta.items(), flat.split(sizes), strict=True)
        moved = {name: part.reshape(t.shape) for (name, t), part in parts}
        with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
            outputs = torch.func.functional_call(model, moved, (inputs,))
        return loss(outputs) if callable(loss) else mean_loss(outputs, targets, loss)

    flat = torch.cat([t.reshape(-1) for t in theta.values()])
    return torch.autograd.functional.hessian(value, flat).numpy()


def close(found, expected, rtol=1e-10):
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * np.abs(expected).max())
