"""Training of `convolutional_networks`: the same numbers whatever else torch is used for."""

from contextlib import contextmanager

import numpy as np

from rmt_hessian.model.torch_import import torch_package

MOMENTUM = 0.9


@contextmanager
def reproducible(rng):
    """One thread, deterministic algorithms, torch's own generator seeded from ``rng``.

    All three are as before at the end.
    """
    torch = torch_package()
    n_threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)
            torch.use_deterministic_algorithms(deterministic)


def train_by_sgd(model, X, y, rng, *, epochs, learning_rate, batch_size):
    """Mean cross-entropy by SGD with momentum 0.9, the rate falling to 0 along a cosine."""
    torch = torch_package()
    sgd = torch.optim.SGD(model.parameters(), learning_rate, momentum=MOMENTUM)
    n_steps = epochs * -(-len(X) // batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, n_steps)
    model.train()
    for _ in range(epochs):
        for batch in torch.as_tensor(rng.permutation(len(X))).split(batch_size):
            sgd.zero_grad()
            torch.nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            sgd.step()
            schedule.step()


def set_statistics(model, X):
    """Make the running statistics of every batch normalisation those of all of X; to evaluation.

    At initialisation they are none of any data, and behind a training they trail its last steps.
    """
    torch = torch_package()
    layers = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    usual = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(X)
    for layer, momentum in zip(layers, usual, strict=True):
        layer.momentum = momentum
    model.eval()


def loss_and_accuracy(model, X, y):
    """Mean cross-entropy and share of right classes of a model in evaluation."""
    torch = torch_package()
    with torch.no_grad():
        logits = model(X)
        loss = torch.nn.functional.cross_entropy(logits.double(), y)
        right = logits.argmax(dim=1) == y
    return float(loss), float(np.mean(right.numpy()))
