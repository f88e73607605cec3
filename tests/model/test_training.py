"""Training paths: optima that are known, steps written out, what stops and what is refused."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import rmt_hessian as rh
from rmt_hessian.model.optimisers import OPTIMISERS
from rmt_hessian.model.training import mean_loss

OPTIONS = {
    "gd": {"optimiser": "gd", "steps": 30, "learning_rate": 0.1, "momentum": 0.5},
    "adam": {"optimiser": "adam", "steps": 30, "learning_rate": 0.01, "schedule": "cosine"},
    "lbfgs": {"steps": 30},
}


@pytest.fixture
def problem(rng):
    net = rh.Network.random([5, 4, 3], rng, activation="tanh", bias_scale=0.1)
    return net, rng.standard_normal((20, 5)), rng.integers(3, size=20)


def gradients(net, X, y, loss, decay):
    """Of weights and biases, layer by layer, by the chain rule written out for one hidden layer."""
    (W, V), (b, c) = net.weights, net.biases
    z = np.tanh(X @ W.T + b)
    f = z @ V.T + c
    p = np.exp(f - f.max(axis=1, keepdims=True))
    r = (p / p.sum(axis=1, keepdims=True) if loss == "ce" else f) - np.eye(len(V))[y]
    g = (r @ V) * (1 - z**2)
    N = len(X)
    of_weights = g.T @ X / N + decay * W, r.T @ z / N + decay * V
    return of_weights, (g.sum(axis=0) / N, r.sum(axis=0) / N)


def moved(net, change):
    """The network with ``change(layer, parameter)`` added."""
    return rh.Network(
        [W + change(l, 0) for l, W in enumerate(net.weights)],
        [b + change(l, 1) for l, b in enumerate(net.biases)],
        net.activation,
    )


def assert_same_network(net, other, tolerance=0.0):
    for A, B in zip((*net.weights, *net.biases), (*other.weights, *other.biases), strict=True):
        assert (A is None) == (B is None)
        if A is not None:
            np.testing.assert_allclose(A, B, rtol=0, atol=tolerance)


# --- optima ---------------------------------------------------------------------------------------


def test_ridge_regression(rng):
    """``W = (XᵀX/N + μ)^{-1} XᵀY/N``, transposed."""
    X, Y = rng.standard_normal((30, 6)), rng.standard_normal((30, 2))
    path = rh.train(rh.Network.random([6, 2], rng), X, Y, "mse", weight_decay=0.1)
    expected = np.linalg.solve(X.T @ X / 30 + 0.1 * np.eye(6), X.T @ Y / 30).T
    np.testing.assert_allclose(path.network.weights[0], expected, rtol=0, atol=1e-6)
    assert path.converged
    assert path.losses[-1] == pytest.approx(np.sum((X @ expected.T - Y) ** 2) / 60, abs=1e-9)


def test_least_squares_with_a_bias_that_does_not_decay(rng):
    X = rng.standard_normal((30, 2))
    Y = 100.0 + rng.standard_normal((30, 1))
    net = rh.Network([np.zeros((1, 2))], biases=[[0.0]])
    path = rh.train(net, X, Y, "mse", weight_decay=10.0)
    residual = path.network(X) - Y
    assert abs(residual.mean()) < 1e-6


def test_softmax_regression_is_that_of_scikit_learn(rng):
    from sklearn.linear_model import LogisticRegression

    X, y = rng.standard_normal((80, 4)), rng.integers(3, size=80)
    w = rng.exponential(size=80)
    mu = 0.05
    net = rh.Network([np.zeros((3, 4))], biases=[np.zeros(3)])
    path = rh.train(net, X, y, "ce", weight_decay=mu, sample_weight=w)
    fit = LogisticRegression(C=1 / (mu * w.sum()), tol=1e-10, max_iter=1000).fit(X, y, w)
    np.testing.assert_allclose(path.network.weights[0], fit.coef_, rtol=0, atol=1e-5)
    assert path.converged


def test_separable_data_end_at_the_tolerance_without_an_error(rng):
    """The weights would grow for ever; the gradient falls with the loss."""
    X = np.vstack([np.eye(3), 2 * np.eye(3)])
    y = np.r_[:3, :3]
    path = rh.train(rh.Network.random([3, 3], rng), X, y, "ce")
    assert path.converged
    assert 0 < path.losses[-1] < 1e-6
    assert (path.network(X).argmax(axis=1) == y).all()
    further = rh.train(path.network, X, y, "ce", tolerance=1e-12)
    assert further.converged
    assert further.losses[-1] < 1e-10


@pytest.mark.parametrize("optimiser", OPTIONS)
@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_each_optimiser_lowers_the_loss(optimiser, loss, problem):
    net, X, y = problem
    path = rh.train(net, X, y, loss, **OPTIONS[optimiser])
    assert path.losses[-1] < 0.95 * path.losses[0]
    assert_same_network(path.networks[0], net)


# --- steps, written out ---------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_gradient_descent_with_momentum(loss, problem):
    net, X, y = problem
    options = {"optimiser": "gd", "learning_rate": 0.3, "momentum": 0.6, "weight_decay": 0.2}
    path = rh.train(net, X, y, loss, steps=3, checkpoints=[1, 2, 3], **options)
    u = None
    for k in range(3):
        g = gradients(net, X, y, loss, 0.2)
        u = g if u is None else [[0.6 * a + b for a, b in zip(*t)] for t in zip(u, g)]  # noqa: B905
        net = moved(net, lambda l, kind, u=u: -0.3 * u[kind][l])
        assert_same_network(path.networks[k + 1], net, 1e-13)


def test_adam_with_a_cosine_schedule(problem):
    """``m̂/(√v̂ + 1e-8)``, rates ``η(1 + cos(πk/3))/2``: η, ¾η, ¼η."""
    net, X, y = problem
    options = {"optimiser": "adam", "learning_rate": 0.01, "schedule": "cosine"}
    path = rh.train(net, X, y, "ce", steps=3, checkpoints=[1, 2, 3], **options)
    m = v = [[0.0, 0.0], [0.0, 0.0]]
    for k, rate in enumerate([0.01, 0.0075, 0.0025]):
        g = gradients(net, X, y, "ce", 0.0)
        m = [[0.9 * m[t][l] + 0.1 * g[t][l] for l in (0, 1)] for t in (0, 1)]
        v = [[0.999 * v[t][l] + 0.001 * g[t][l] ** 2 for l in (0, 1)] for t in (0, 1)]
        a, b = 1 - 0.9 ** (k + 1), 1 - 0.999 ** (k + 1)
        net = moved(
            net,
            lambda l, kind, m=m, v=v, a=a, b=b, rate=rate: (
                -rate * (m[kind][l] / a) / (np.sqrt(v[kind][l] / b) + 1e-8)
            ),
        )
        assert_same_network(path.networks[k + 1], net, 1e-12)


def test_batches_are_random_orders_of_all_samples(problem):
    """Three steps of 8, 8 and 4 samples are an epoch of 20."""
    net, X, y = problem
    options = {"optimiser": "gd", "learning_rate": 0.3, "batch_size": 8}
    path = rh.train(net, X, y, "ce", steps=4, checkpoints=[1, 2, 3, 4], rng=5, **options)
    rng = np.random.default_rng(5)
    first, second = rng.permutation(20), rng.permutation(20)
    batches = [first[:8], first[8:16], first[16:], second[:8]]
    for k, batch in enumerate(batches):
        g = gradients(net, X[batch], y[batch], "ce", 0.0)
        net = moved(net, lambda l, kind, g=g: -0.3 * g[kind][l])
        assert_same_network(path.networks[k + 1], net, 1e-13)


# --- the path -------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimiser", OPTIONS)
def test_steps_losses_and_gradients_of_the_path(optimiser, problem):
    net, X, y = problem
    path = rh.train(net, X, y, "ce", checkpoints=6, weight_decay=0.1, **OPTIONS[optimiser])
    assert path.steps[0] == 0
    assert path.steps[-1] <= 30
    assert set(path.steps[1:-1]) <= set(np.round(np.geomspace(1, 30, 6)).astype(int))
    assert len(path.networks) == len(path.steps) == len(path.losses) == len(path.gradient_norms)
    for network, loss, largest in zip(path.networks, path.losses, path.gradient_norms, strict=True):
        f = network(X)
        expected = np.mean(np.log(np.exp(f).sum(axis=1)) - f[np.arange(20), y])
        assert loss == pytest.approx(expected, rel=1e-12)
        of_weights, of_biases = gradients(network, X, y, "ce", 0.1)
        every = [np.abs(g).max() for g in (*of_weights, *of_biases)]
        assert largest == pytest.approx(max(every), rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("optimiser", OPTIONS)
def test_the_same_arguments_give_the_same_bits(optimiser, problem):
    net, X, y = problem
    batches = {"batch_size": 6, "rng": 3} if optimiser != "lbfgs" else {}
    paths = [rh.train(net, X, y, "mse", **OPTIONS[optimiser], **batches) for _ in range(2)]
    for pair in zip(*(path.networks for path in paths), strict=True):
        assert_same_network(*pair)


def test_checkpoints_change_nothing(problem):
    net, X, y = problem
    many, few = (
        rh.train(net, X, y, "ce", checkpoints=n, **OPTIONS["adam"]).network for n in (30, 1)
    )
    assert_same_network(many, few)


def test_samples_that_do_not_count_are_left_out(problem):
    net, X, y = problem
    ignored = np.where(np.arange(20) < 5, -100, y)
    paths = [
        rh.train(net, X[5:], y[5:], "ce", **OPTIONS["gd"]),
        rh.train(net, X, ignored, "ce", ignore_index=-100, **OPTIONS["gd"]),
        rh.train(net, X, y, "ce", sample_weight=1.0 * (np.arange(20) >= 5), **OPTIONS["gd"]),
    ]
    for path in paths[1:]:
        assert_same_network(path.network, paths[0].network)
    weight = np.array([1.0, 2.0, 3.0])
    assert_same_network(
        rh.train(net, X, y, "ce", class_weight=weight, **OPTIONS["gd"]).network,
        rh.train(net, X, y, "ce", sample_weight=weight[y], **OPTIONS["gd"]).network,
    )


@pytest.mark.parametrize("optimiser", OPTIONS)
def test_callback_and_progress(optimiser, problem):
    net, X, y = problem
    seen, done = [], []
    path = rh.train(
        net,
        X,
        y,
        "ce",
        callback=lambda *told: seen.append(told),
        progress=lambda *told: done.append(told),
        **OPTIONS[optimiser],
    )
    assert [step for step, _, _ in seen] == path.steps.tolist()
    assert [network for _, network, _ in seen] == list(path.networks)
    assert [loss for *_, loss in seen] == path.losses.tolist()
    assert done == [(k, 30) for k in range(1, 1 + path.steps[-1])]


@pytest.mark.parametrize("optimiser", OPTIONS)
def test_a_callback_may_end_it(optimiser, problem):
    net, X, y = problem

    def until_five(step, network, loss):
        if step >= 5:
            raise StopIteration

    options = {"checkpoints": range(31), "callback": until_five}
    path = rh.train(net, X, y, "ce", **options, **OPTIONS[optimiser])
    assert path.steps.tolist() == list(range(6))
    at_once = rh.train(net, X, y, "ce", callback=_stop, **OPTIONS[optimiser])
    assert at_once.steps.tolist() == [0]


def _stop(*told):
    raise StopIteration


@pytest.mark.parametrize("optimiser", OPTIONS)
def test_progress_may_end_it_too(optimiser, problem):
    net, X, y = problem

    def until_five(done, total):
        if done == 5:
            raise StopIteration

    path = rh.train(net, X, y, "ce", checkpoints=[2], progress=until_five, **OPTIONS[optimiser])
    assert path.steps.tolist() == [0, 2, 5]


def test_l_bfgs_begins_anew_where_a_kink_stopped_it():
    """ReLU with weight decay: a single run of SciPy's ends at 0.388, others fall too.

    What is left to gain by another training from there is below a thousandth.
    """
    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        net = rh.Network.random([6, 8, 3], rng)
        X, y = rng.standard_normal((60, 6)), rng.integers(3, size=60)
        ends = []
        for _ in range(2):
            path = rh.train(net, X, y, "ce", weight_decay=1e-3)
            net = path.network
            ends.append(path.losses[-1] + 5e-4 * sum(np.sum(W**2) for W in net.weights))
        assert ends[1] > ends[0] * (1 - 1e-3)


def test_trainings_that_overlap_in_threads(problem):
    """Each leaves the thread counts and the environment as they were before the first."""
    net, X, y = problem
    alone = [rh.train(net, X, y, "ce", **OPTIONS["gd"] | {"steps": n}) for n in (20, 80, 140)]
    before = threadpool_info(), dict(os.environ)
    with ThreadPoolExecutor(3) as pool:
        for _ in range(5):
            works = [
                pool.submit(rh.train, net, X, y, "ce", **OPTIONS["gd"] | {"steps": n})
                for n in (20, 80, 140)
            ]
            for work, path in zip(works, alone, strict=True):
                assert_same_network(work.result().network, path.network)
    assert (threadpool_info(), dict(os.environ)) == before


def test_errors_of_an_activation_are_its_own():
    calls = []

    def fails_late(a):
        calls.append(a)
        if len(calls) > 20:
            raise RuntimeError("disk full")
        return np.sin(a)

    net = rh.Network([[[1.0]], [[1.0]]], activation=(fails_late, np.cos, lambda a: -np.sin(a)))
    with pytest.raises(ValueError, match="disk full") as error:
        rh.train(net, [[1.0], [2.0]], [[3.0], [0.0]], "mse")
    assert "diverge" not in str(error.value)


@pytest.mark.parametrize("optimiser", OPTIONS)
def test_a_loss_that_overflows_at_the_start(optimiser):
    with pytest.raises(ValueError, match="X must not make the loss of the first weights overflow"):
        rh.train(rh.Network([[[1e200]]]), [[1.0]], [[1.0]], "mse", **OPTIONS[optimiser])


def test_an_optimum_is_left_at_once():
    path = rh.train(rh.Network([[[2.0]]]), [[1.0]], [[2.0]], "mse")
    assert path.converged
    assert path.steps.tolist() == [0]
    assert "0 steps" in repr(path)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimiser": "sgd"}, "optimiser must be one of 'lbfgs', 'gd', 'adam', got 'sgd'"),
        ({"optimiser": "adam", "steps": 3}, "learning_rate must be given for optimiser 'adam'"),
        ({"optimiser": "gd", "learning_rate": 1}, "steps must be given for optimiser 'gd'"),
        ({"learning_rate": 0.1}, "learning_rate means nothing for optimiser 'lbfgs', got 0.1"),
        ({"batch_size": 3}, "batch_size means nothing for optimiser 'lbfgs', got 3"),
        ({**OPTIONS["adam"], "momentum": 0.1}, "momentum means nothing for optimiser 'adam'"),
        ({**OPTIONS["gd"], "momentum": 1.0}, "momentum must be at least 0 and below 1, got 1.0"),
        ({**OPTIONS["gd"], "rng": 1}, "rng means nothing for steps that see all samples"),
        ({**OPTIONS["gd"], "schedule": "step"}, "schedule must be one of 'constant', 'cosine'"),
        ({"weight_decay": -0.1}, "weight_decay must not be negative, got -0.1"),
        ({**OPTIONS["gd"], "batch_size": 21}, "batch_size must be at most 20, all samples, got 21"),
        ({"tolerance": 0}, "tolerance must be positive and finite, got 0"),
        ({"checkpoints": 0}, "checkpoints must be at least 1, got 0"),
        ({"checkpoints": [1, -2]}, r"checkpoints\[1\] must be at least 0, got -2"),
        ({"callback": 3}, r"callback must be callable as callback\(step, network, loss\), got 3"),
        ({"progress": 3}, r"progress must be callable as progress\(done, total\), got 3"),
        (
            {"optimiser": "gd", "steps": 50, "learning_rate": 1e30},
            r"training must not diverge \(a lower learning_rate may help\), got .* after step \d",
        ),
    ],
)
def test_refused(options, message, problem):
    net, X, y = problem
    with pytest.raises(ValueError, match=message):
        rh.train(net, X, y, "mse", **options)


@pytest.mark.parametrize("loss", ["ce", "mse"])
def test_mean_loss_is_that_of_the_path(loss, problem, rng):
    net, X, y = problem
    weights = {"sample_weight": rng.exponential(size=20), "class_weight": [1.0, 2.0, 0.5]}
    path = rh.train(net, X, y, loss, weight_decay=0.5, **weights, **OPTIONS["gd"])
    assert mean_loss(path.network, X, y, loss, **weights) == path.losses[-1]
    kept = np.where(y == 0, -1, y)
    of_two = mean_loss(net, X, kept, loss, ignore_index=-1)
    assert of_two == pytest.approx(mean_loss(net, X[y > 0], y[y > 0], loss), rel=1e-14)


def test_labels_are_needed(problem):
    net, X, _ = problem
    with pytest.raises(ValueError, match="y must be given: a loss needs labels or targets"):
        rh.train(net, X, None, "ce")


def test_errors_of_a_callback_are_its_own(problem):
    def fail(*told):
        raise ValueError("mine")

    net, X, y = problem
    with pytest.raises(ValueError, match=r"^mine$"):
        rh.train(net, X, y, "ce", callback=fail)


def test_every_optimiser_is_tried():
    assert set(OPTIONS) == set(OPTIMISERS)
