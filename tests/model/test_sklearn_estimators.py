"""Estimators of scikit-learn as networks: probabilities, and Hessians of the log loss."""

import warnings

import numpy as np
import pytest
import scipy.special
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LinearRegression, LogisticRegression, LogisticRegressionCV
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import rmt_hessian as rh
from rmt_hessian import Network
from tests.oracles_of_networks import second_derivatives
from tests.test_foreign_values import WRONG
from tests.tolerances import EXACT

ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
N, D = 30, 3


def data(n_classes, rng, n_outputs=None):
    X = rng.standard_normal((N, D))
    if n_outputs is not None:
        return X, rng.standard_normal((N, n_outputs)).squeeze()
    return X, np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, N - n_classes)])


def fitted(estimator, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few steps are enough
        return estimator.fit(X, y)


def perceptron(kind, activation, hidden, seed=0, **options):
    options |= {"activation": activation, "max_iter": 20, "random_state": seed}
    return kind(hidden_layer_sizes=hidden, **options)


def softmax(f):
    return scipy.special.softmax(f, axis=1)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("hidden", [(), (4,), (4, 2, 3)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_probabilities_of_a_perceptron(activation, hidden, n_classes, rng):
    X, y = data(n_classes, rng)
    model = fitted(perceptron(MLPClassifier, activation, hidden), X, y)
    net = Network.from_sklearn(model)
    assert [sigma.name for sigma in net.activations] == [ACTIVATIONS[activation]] * len(hidden)
    assert net.widths == [D, *hidden, n_classes]
    new = rng.standard_normal((9, D))
    np.testing.assert_allclose(softmax(net(new)), model.predict_proba(new), rtol=0, atol=EXACT)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_predictions_of_a_regressor(activation, n_outputs, rng):
    X, y = data(None, rng, n_outputs)
    model = fitted(perceptron(MLPRegressor, activation, (4, 3)), X, y)
    net = Network.from_sklearn(model)
    found = net(X).squeeze()
    np.testing.assert_allclose(found, model.predict(X), rtol=0, atol=EXACT * np.abs(found).max())


@pytest.mark.parametrize("kind", [LogisticRegression, LogisticRegressionCV])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_probabilities_of_a_logistic_regression(kind, intercept, n_classes, rng):
    X, y = data(n_classes, rng)
    model = fitted(kind(fit_intercept=intercept), X, y)
    net = Network.from_sklearn(model)
    assert net.widths == [D, n_classes]
    assert (net.biases[0] is not None) == intercept
    np.testing.assert_allclose(softmax(net(X)), model.predict_proba(X), rtol=0, atol=EXACT)
    if n_classes == 2:
        np.testing.assert_array_equal(net.weights[0], [np.zeros(D), model.coef_[0]])


def test_text_labels_and_names_of_columns(rng):
    import pandas as pd

    X, y = data(3, rng)
    frame, names = pd.DataFrame(X, columns=list("abc")), np.array(["dog", "cat", "eel"])
    model = fitted(perceptron(MLPClassifier, "tanh", (4,)), frame, names[y])
    net = Network.from_sklearn(model)  # without a warning of names
    np.testing.assert_allclose(softmax(net(X)), model.predict_proba(frame), rtol=0, atol=EXACT)
    with pytest.warns(UserWarning, match="labels are text"):
        H = rh.layer_hessian(net, X, 0, "ce", y=names[y])
    same = rh.layer_hessian(net, X, 0, "ce", y=np.searchsorted(model.classes_, names[y]))
    np.testing.assert_array_equal(H.to_dense(), same.to_dense())


# --- Hessians of the loss that scikit-learn computes ----------------------------------------


def logistic_loss(theta, Z, y):
    """Mean log loss of one logistic output ``f = [w | b] (z, 1)``, at parameters (S, p + 1)."""
    f = np.column_stack([Z, np.ones(len(Z))]) @ theta.T
    return (np.log(1 + np.exp(f)) - y[:, None] * f).mean(axis=0)


def test_two_classes_have_the_hessian_of_the_logistic_loss(rng):
    """In the weights of class 1; those of class 0 go against them."""
    X, y = data(2, rng)
    model = fitted(LogisticRegression(), X, y)
    theta = np.append(model.coef_[0], model.intercept_)
    expected, error = second_derivatives(lambda t: logistic_loss(t, X, y), theta)
    assert logistic_loss(theta[None], X, y)[0] == pytest.approx(
        log_loss(y, model.predict_proba(X)), rel=EXACT
    )
    H = rh.layer_hessian(Network.from_sklearn(model), X, 0, "ce", bias=True)
    signs = np.array([[1, -1], [-1, 1]])
    np.testing.assert_allclose(H.to_dense(), np.kron(signs, expected), rtol=0, atol=error + EXACT)


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_all_layers_have_the_hessian_of_the_log_loss(activation, n_classes, rng):
    """In the parameters that scikit-learn has, by differences of a forward pass in its shapes."""
    X, y = data(n_classes, rng)
    model = fitted(perceptron(MLPClassifier, activation, (2,)), X, y)
    shapes = [W.shape for W in model.coefs_]
    theta = np.concatenate(
        [np.vstack([W, b]).T.ravel() for W, b in zip(model.coefs_, model.intercepts_, strict=True)]
    )
    sigma = {"tanh": np.tanh, "logistic": lambda a: 1 / (1 + np.exp(-a))}[activation]

    def logits(t):
        start = 0
        z = X[None]
        for last, (p, k) in enumerate(shapes):
            block = t[:, start : start + k * (p + 1)].reshape(-1, k, p + 1)
            start += k * (p + 1)
            z = z @ np.swapaxes(block[:, :, :p], 1, 2) + block[:, None, :, p]
            z = z if last else sigma(z)
        return z

    def loss(t):
        f = logits(t)
        if f.shape[2] == 1:
            f = np.concatenate([0 * f, f], axis=2)
        of_label = f[:, np.arange(N), y]
        return (np.log(np.exp(f).sum(axis=2)) - of_label).mean(axis=1)

    assert loss(theta[None])[0] == pytest.approx(log_loss(y, model.predict_proba(X)), rel=EXACT)
    expected, error = second_derivatives(loss, theta)
    H = rh.network_hessian(Network.from_sklearn(model), X, y, "ce", bias=True).to_dense()
    if n_classes == 2:  # the weights of class 0 are no parameters there
        kept = np.r_[: 2 * (D + 1), 2 * (D + 1) + 3 : len(H)]
        H = H[np.ix_(kept, kept)]
    np.testing.assert_allclose(H, expected, rtol=0, atol=error + EXACT)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_the_loss_that_a_regressor_reports_is_a_mean_over_outputs(n_outputs, rng):
    """One step of its gradient descent, though, is one of ours."""
    X, y = data(None, rng, n_outputs)
    options = {"alpha": 0.0, "solver": "sgd", "momentum": 0.0, "batch_size": N}
    options |= {"learning_rate_init": 0.1, "shuffle": False, "warm_start": True}
    model = MLPRegressor(
        hidden_layer_sizes=(4,), activation="tanh", random_state=0, max_iter=1, **options
    )
    start = Network.from_sklearn(fitted(model, X, y))
    end = Network.from_sklearn(fitted(model, X, y))
    targets = y.reshape(N, n_outputs)
    loss = ((start(X) - targets) ** 2).sum(axis=1).mean() / 2
    assert model.loss_ == pytest.approx(loss / n_outputs, rel=EXACT)
    step = {"optimiser": "gd", "steps": 1, "learning_rate": 0.1}
    same = rh.train(start, X, targets, "mse", **step).network
    for W, V in zip(same.weights, end.weights, strict=True):
        np.testing.assert_allclose(W, V, rtol=0, atol=EXACT)


# --- what is refused ------------------------------------------------------------------------


class Tilted(LogisticRegression):
    """One-vs-rest, as older versions have it."""

    def predict_proba(self, X):
        p = scipy.special.expit(self.decision_function(X))
        return p / p.sum(axis=1, keepdims=True)


class Longer(MLPClassifier):
    pass


def multilabel():
    X, y = make_multilabel_classification(N, D, n_classes=3, random_state=0)
    return fitted(perceptron(MLPClassifier, "relu", (2,)), X, y)


def of_classes(estimator):
    X, y = data(3, np.random.default_rng(0))
    return fitted(estimator, X, y)


def poisson():
    X, y = data(3, np.random.default_rng(0))
    return fitted(perceptron(MLPRegressor, "relu", (2,), loss="poisson"), X, y)


def not_finite():
    model = of_classes(LogisticRegression())
    model.coef_[0, 0] = np.nan
    return model


WANTED = r"^estimator must be one of LogisticRegression, MLPClassifier, MLPRegressor of scikit-"
REFUSED = {
    "^estimator must be fitted, got LogisticRegression before fit": LogisticRegression,
    "^estimator must be fitted, got MLPClassifier before": MLPClassifier,
    "^estimator must have one class a sample, .*got 3 labels, each by itself": multilabel,
    "^estimator must have the squared error, got outputs by 'exp'": poisson,
    WANTED + r".*Pipeline; take its last step, pipeline\[-1\], whose inputs": lambda: make_pipeline(
        StandardScaler(), LogisticRegression()
    ),
    WANTED + ".*OneVsRestClassifier; take one of its estimators_": lambda: OneVsRestClassifier(
        LogisticRegression()
    ),
    WANTED + ".*GridSearchCV; take its best_estimator_": lambda: GridSearchCV(
        LogisticRegression(), {"C": [1.0]}
    ),
    WANTED + ".*got LinearRegression": LinearRegression,
    WANTED + ".*got the class MLPClassifier": lambda: MLPClassifier,
    "^estimator must predict what its coefficients say, .*one-vs-rest": lambda: of_classes(
        Tilted()
    ),
    "^coef_ of the estimator must be finite, got 1 NaN": not_finite,
    r"^coef_ of the estimator must be .*use \.toarray": lambda: of_classes(
        LogisticRegression()
    ).sparsify(),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    with pytest.raises(ValueError, match=message) as refused:
        Network.from_sklearn(REFUSED[message]())
    assert "\n" not in str(refused.value)


def test_classes_that_inherit_are_taken():
    model = of_classes(Longer((2,), max_iter=5, random_state=0))
    assert Network.from_sklearn(model).widths == [D, 2, 3]


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_values_get_a_word_of_our_own(kind):
    with pytest.raises(ValueError, match=WANTED) as refused:
        Network.from_sklearn(WRONG[kind])
    assert "\n" not in str(refused.value)
