"""Fully connected networks of scikit-learn, as weights, biases and an activation.

Classes are known by their names, so that nothing is imported here.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.special import softmax

from rmt_hessian._checks.arguments import describe
from rmt_hessian._checks.arrays import finite_array
from rmt_hessian._types import FloatArray

ROUNDING = 1e-9  # of probabilities, or of predictions relative to the largest
N_TRIED = 7  # inputs at which the network and the estimator are compared
KINDS = ("LogisticRegression", "MLPClassifier", "MLPRegressor")
INSTEAD = {
    "Pipeline": "its last step, pipeline[-1], whose inputs are pipeline[:-1].transform(X)",
    "BaseSearchCV": "its best_estimator_",
    "OneVsRestClassifier": "one of its estimators_, which are separate models",
    "OneVsOneClassifier": "one of its estimators_, which are separate models",
    "MultiOutputClassifier": "one of its estimators_, which are separate models",
}


class SklearnNetwork:
    """An estimator as the layers of a network.

    Attributes
    ----------
    weights, biases : list
        Of shapes (out, in) and (out,), None for a bias that is not fitted. One logistic output f
        is two logits, ``(0, f)``.
    activation : str

    Raises
    ------
    ValueError
        If it is another estimator, or not fitted.
    """

    def __init__(self, estimator: Any) -> None:
        kind = _kind(estimator)
        if not hasattr(estimator, "coef_" if kind == "LogisticRegression" else "coefs_"):
            raise ValueError(
                f"estimator must be fitted, got {describe(estimator)} before fit(X, y)"
            )
        self._estimator = estimator
        self._classifies = kind != "MLPRegressor"
        self.activation = "relu"
        if kind == "LogisticRegression":
            self.weights = [finite_array(estimator.coef_, "coef_ of the estimator", ndim=2)]
            self.biases = [estimator.intercept_ if estimator.fit_intercept else None]
        else:
            self.weights = [np.asarray(W).T for W in estimator.coefs_]
            self.biases = list(estimator.intercepts_)
            names = {"logistic": "sigmoid"}
            self.activation = names.get(estimator.activation, estimator.activation)
            self._refuse_other_outputs()
        if self._classifies and len(self.weights[-1]) == 1:
            W, b = self.weights[-1], self.biases[-1]
            self.weights[-1] = np.vstack([np.zeros_like(W), W])
            self.biases[-1] = None if b is None else np.concatenate([np.zeros_like(b), b])
        self.inputs = np.random.default_rng(0).standard_normal((N_TRIED, self.weights[0].shape[1]))

    def _refuse_other_outputs(self) -> None:
        """Raise if the loss is neither of logits and one class a sample, nor the squared error."""
        end, n_outputs = self._estimator.out_activation_, len(self.weights[-1])
        if end == "logistic" and n_outputs > 1:
            wanted = "have one class a sample, 'ce' being of a softmax"
            raise ValueError(f"estimator must {wanted}, got {n_outputs} labels, each by itself")
        if not self._classifies and end != "identity":
            raise ValueError(f"estimator must have the squared error, got outputs by {end!r}")

    def refuse_other(self, logits: FloatArray) -> None:
        """Raise if these, of the network at `inputs`, are not what the estimator predicts."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of inputs without names
            if self._classifies:
                expected, found = (
                    self._estimator.predict_proba(self.inputs),
                    softmax(logits, axis=1),
                )
            else:
                expected = self._estimator.predict(self.inputs)
                found = logits.reshape(np.shape(expected))
        same_shape = np.shape(expected) == found.shape
        error = np.abs(expected - found).max() if same_shape else np.inf
        if not error <= ROUNDING * np.abs(found).max():
            wanted = f"predict what its coefficients say, to {ROUNDING:g}"
            came = "another function: one-vs-rest, or a class of one's own?"
            raise ValueError(f"estimator must {wanted}, got {came}")


def _kind(estimator: Any) -> str:
    """Which of `KINDS` an estimator is, or inherits from."""
    names = [
        kind.__name__ for kind in type(estimator).__mro__ if kind.__module__.startswith("sklearn.")
    ]
    for name in names:
        if name in KINDS:
            return name
    instead = [f"take {INSTEAD[name]}" for name in names if name in INSTEAD]
    came = "; ".join([describe(estimator), *instead])
    raise ValueError(f"estimator must be one of {', '.join(KINDS)} of scikit-learn, got {came}")
