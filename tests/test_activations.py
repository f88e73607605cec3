"""Activations and their derivatives, against mpmath and their own symmetries."""

import copy
import pickle

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian._checks.elementwise import elementwise
from rmt_hessian.activations import ACTIVATIONS, Activation, get_activation, leaky_relu_of

ULP = 2.0**-52
SMOOTH = [name for name, activation in ACTIVATIONS.items() if not activation.piecewise_linear]
FUNCTIONS = "function", "derivative", "second_derivative"

mp = mpmath.mp.clone()
mp.dps = 50


def of_gate(a, v, v1, v2):
    """``a S(v)`` of a polynomial v of a, with its derivatives."""
    s, s1 = mp.sech(v / 2) * mp.exp(v / 2) / 2, mp.sech(v / 2) ** 2 / 4
    s2 = -mp.tanh(v / 2) * s1
    return a * s, s + a * s1 * v1, 2 * s1 * v1 + a * (s2 * v1**2 + s1 * v2)


def exact(name, number):
    """σ, σ', σ'' at a number, with 50 digits; beyond 1000 tails are below ``exp(-1000)``."""
    a, c, k, leak = mp.mpf(number), mp.sqrt(8 / mp.pi), mp.mpf(0.044715), mp.mpf(0.01)
    t = max(min(a, 1000), -1000)
    S, S1 = mp.sech(t / 2) * mp.exp(t / 2) / 2, mp.sech(t / 2) ** 2 / 4
    phi, Phi, bell = mp.npdf(t), mp.erfc(-t / mp.sqrt(2)) / 2, 2 / mp.sqrt(mp.pi) * mp.exp(-t * t)
    cubic = c * (t + k * t**3), c * (1 + 3 * k * t * t), 6 * c * k * t
    return {
        "relu": (max(a, 0), a > 0, 0),
        "leaky_relu": (a, 1, 0) if a > 0 else (leak * a, leak, 0),
        "identity": (a, 1, 0),
        "tanh": (mp.tanh(t), mp.sech(t) ** 2, -2 * mp.tanh(t) * mp.sech(t) ** 2),
        "erf": (mp.erf(t), bell, -2 * t * bell),
        "sigmoid": (S, S1, -mp.tanh(t / 2) * S1),
        "softplus": (max(a, 0) + mp.log1p(mp.exp(-abs(t))), S, S1),
        "gelu": (a * Phi, Phi + t * phi, (2 - t * t) * phi),
        "gelu_tanh": (of_gate(a, *cubic)[0], *of_gate(t, *cubic)[1:]),
        "silu": (of_gate(a, t, 1, 0)[0], *of_gate(t, t, 1, 0)[1:]),
    }[name]


def some_numbers():
    """Around 0 and ±1, tails, clipping edges, the largest and the smallest numbers."""
    edges = [0.5, 1.0, 2**0.5, 5.4, 12.0, 18.0, 20.0, 26.6, 27.3, 37.5, 38.6, 40.0, 372.5, 399.9]
    edges += [400.0, 400.1, 709.8, 745.2, 800.0, 1e5, 1e16, 1e154, 1e155, 1e300, 1.79e308]
    edges += [5e-324, 1e-310, 1e-300, 1e-160, 1e-20, 1e-8, 1e-3]
    rng = np.random.default_rng(3)
    edges += [*np.exp(rng.uniform(-9, 7, 120)), *rng.uniform(0, 6, 120)]
    return np.array([0.0, *edges, *np.negative(edges)])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_functions_and_derivatives_against_mpmath(name):
    """A few roundings of the value, or of 1 where that is smaller."""
    a = some_numbers()
    activation = ACTIVATIONS[name]
    wanted = [np.array(column, float) for column in zip(*(exact(name, x) for x in a), strict=True)]
    for part, values in zip(FUNCTIONS, wanted, strict=True):
        if (function := getattr(activation, part)) is not None:
            found = function(a)  # warnings are errors
            assert found.shape == a.shape
            errors = np.abs(found - values) / np.maximum(np.abs(values), 1.0)
            assert errors.max() <= 4 * ULP, (part, a[errors.argmax()])


EVERYTHING = st.floats(allow_nan=False, allow_infinity=False)
BELOW_HALF = st.floats(-8e307, 8e307)  # sums and differences are finite


@given(a=EVERYTHING)
def test_symmetries(a):
    """Odd functions; ``σ(a) - σ(-a) = a`` of the gates and of softplus; S(a) + S(-a) = 1."""
    a = np.array([a, -a])
    for name, activation in ACTIVATIONS.items():
        values = [getattr(activation, part) for part in FUNCTIONS]
        values = [function(a).astype(float) for function in values if function is not None]
        assert all(np.isfinite(v).all() for v in values)
        tolerance = 4 * ULP * max(1.0, abs(a[0]))
        if name in ("identity", "tanh", "erf"):
            assert values[0][0] == -values[0][1]
            assert values[1][0] == values[1][1]
            assert len(values) == 2 or values[2][0] == -values[2][1]
        elif name in ("relu", "softplus", "gelu", "gelu_tanh", "silu"):
            assert abs(values[0][0] - values[0][1] - a[0]) <= tolerance
            if a[0] != 0:  # where relu has no slope
                assert values[1].sum() == pytest.approx(1, abs=4 * ULP)
            assert len(values) == 2 or values[2][0] == values[2][1]
        elif name == "sigmoid":
            assert values[0].sum() == pytest.approx(1, abs=4 * ULP)
            assert values[1][0] == values[1][1]
            assert values[2][0] == -values[2][1]


@given(a=BELOW_HALF, b=BELOW_HALF)
def test_what_grows_and_where_it_stays(a, b):
    """Sigmoids, softplus and their like never fall, up to the last bit; slopes lie in [0, 1]."""
    pair = np.array([min(a, b), max(a, b)])
    for name in ("relu", "leaky_relu", "identity", "tanh", "erf", "sigmoid", "softplus"):
        low, high = ACTIVATIONS[name].function(pair)
        assert low <= high + ULP * abs(high)
        slopes = ACTIVATIONS[name].derivative(pair)
        assert (slopes >= 0).all()
        assert (slopes <= (1.13 if name == "erf" else 1.0)).all()
    for name in ("gelu", "gelu_tanh", "silu"):
        values, slopes = ACTIVATIONS[name].function(pair), ACTIVATIONS[name].derivative(pair)
        assert (values >= -0.3).all()
        assert (np.abs(slopes) <= 1.2).all()


@pytest.mark.parametrize("name", SMOOTH)
def test_each_derivative_is_that_of_the_function_before(name):
    """Fourth-order differences with step h: error h⁴ = 1e-12 and rounding eps/h = 2e-13, of
    numbers of order 1."""
    a, h = np.linspace(-6, 6, 401), 1e-3
    activation = ACTIVATIONS[name]
    for f, df in (
        (activation.function, activation.derivative),
        (activation.derivative, activation.second_derivative),
    ):
        slopes = (8 * (f(a + h) - f(a - h)) - (f(a + 2 * h) - f(a - 2 * h))) / (12 * h)
        np.testing.assert_allclose(df(a), slopes, atol=1e-10)


def test_values_by_hand():
    zero = np.zeros(1)
    table = {name: ACTIVATIONS[name] for name in ACTIVATIONS}
    at_zero = {
        name: (float(a.function(zero)[0]), float(a.derivative(zero)[0]))
        for name, a in table.items()
    }
    assert at_zero == {
        "relu": (0, 0),
        "leaky_relu": (0, 0.01),
        "identity": (0, 1),
        "tanh": (0, 1),
        "erf": (0, 2 / np.sqrt(np.pi)),
        "sigmoid": (0.5, 0.25),
        "softplus": (np.log(2), 0.5),
        "gelu": (0, 0.5),
        "gelu_tanh": (0, 0.5),
        "silu": (0, 0.5),
    }
    assert ACTIVATIONS["relu"].derivative(zero).dtype == bool
    assert ACTIVATIONS["identity"].derivative(zero).dtype == bool


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("restore", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
def test_copies_of_an_activation_are_that_one(name, restore):
    assert restore(ACTIVATIONS[name]) is ACTIVATIONS[name]
    assert get_activation(ACTIVATIONS[name]) is get_activation(name)


def test_copies_of_an_activation_of_ones_own():
    mine = Activation("cubic", np.positive, np.ones_like)
    twin = pickle.loads(pickle.dumps(mine))
    assert (twin.name, twin.function, twin.derivative) == ("cubic", np.positive, np.ones_like)


# --- functions of one's own -----------------------------------------------------------------------


def hard_tanh_slope(a):
    return abs(a) < 1


@pytest.mark.parametrize(
    "triple",
    [
        (np.sin, np.cos, lambda a: -np.sin(a)),
        (lambda a: np.clip(a, -1, 1), hard_tanh_slope, None),
        (lambda a: np.clip(a, -1, 1), hard_tanh_slope, lambda a: 0.0),
        (lambda a: np.clip(a, -1, 1), hard_tanh_slope, np.zeros_like),
        (lambda a: 2 * a + 1, lambda a: 2, None),
        (np.abs, np.sign, None),
        [lambda a: a * a, lambda a: 2 * a, lambda a: 2.0],
        (
            lambda a: np.tanh(a).astype(np.float32),
            lambda a: (1 - np.tanh(a) ** 2).astype(np.float32),
            lambda a: (-2 * np.tanh(a) * (1 - np.tanh(a) ** 2)).astype(np.float32),
        ),
        (
            lambda a: 1e6 * np.tanh(a),
            lambda a: 1e6 / np.cosh(a) ** 2,
            lambda a: -2e6 * np.tanh(a) / np.cosh(a) ** 2,
        ),
    ],
)
def test_triples_that_are_right(triple):
    activation = get_activation(triple)
    assert activation.name == "custom"
    assert activation.piecewise_linear == (triple[2] is None)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_wrong_factor_is_seen(name):
    """A derivative that is 1 % off."""
    a = ACTIVATIONS[name]
    with pytest.raises(
        ValueError, match="σ' of activation 'custom' must be the derivative of σ of "
    ):
        get_activation((a.function, lambda x: 1.01 * a.derivative(x), a.second_derivative))
    if a.second_derivative is not None:
        bend = a.second_derivative
        with pytest.raises(
            ValueError, match="σ'' of activation 'custom' must be the derivative of"
        ):
            get_activation((a.function, a.derivative, lambda x: 1.01 * bend(x)))
        with pytest.raises(
            ValueError, match="σ'' = 0, as None says, of activation 'custom' must be"
        ):
            get_activation((a.function, a.derivative, None))


def divide(a):
    a /= 2
    return a


def scalar_only(a):
    return a if a > 0 else 0.0


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (
            "swish",
            "activation must be one of 'relu', .*'silu', an Activation or a triple .*'swish'",
        ),
        (None, "activation must be one of .*got None"),
        (np.tanh, "activation must be one of .*got ufunc"),
        ((np.sin, np.cos), "activation must be one of .*a triple"),
        ((np.sin, "cos", None), "σ' of activation 'custom' must be a function, got 'cos'"),
        ((np.sin, np.cos, 0.0), "σ'' of activation 'custom' must be a function, got 0.0"),
        (
            (scalar_only, np.cos, None),
            "σ of .* must be a function of arrays, got ValueError: The tr",
        ),
        (
            (lambda a: a[:1], np.cos, None),
            r"σ of .* must return an array of shape \(3, 17\), got nda",
        ),
        (
            (lambda a: a.T, np.cos, None),
            r"σ of .* must return an array of shape \(3, 17\), got ndarray of shape \(17, 3\)",
        ),
        (
            (np.ravel, np.ones_like, None),
            r"σ of .* must return an array of shape \(3, 17\), got ndarray of shape \(51,\)",
        ),
        ((lambda a: "a", np.cos, None), "what σ of .* returns must be an array of real numbers"),
        ((np.log, np.reciprocal, None), "σ of activation 'custom' must be finite, got NaN"),
        ((divide, lambda a: 0.5, None), "σ of activation 'custom' must not write to its argument"),
        ((lambda a: 1j * a, np.cos, None), "what σ of .* returns must be an array of real numbers"),
    ],
)
def test_what_is_no_activation(activation, message):
    with pytest.raises(ValueError, match=message):
        get_activation(activation)


def test_names():
    with pytest.raises(ValueError, match="name must be a text, got 3"):
        Activation(3, np.abs, np.sign)
    with pytest.raises(ValueError, match="activation must have a name of its own, got 'relu'"):
        get_activation(Activation("relu", np.abs, np.sign))


def test_elementwise_keeps_booleans_and_spreads_numbers():
    a = np.array([[1.0, -1.0]])
    assert elementwise(lambda a: a > 0, a, "f").dtype == bool
    np.testing.assert_array_equal(elementwise(lambda a: True, a, "f"), [[1.0, 1.0]])
    np.testing.assert_array_equal(elementwise(lambda a: np.float32(3), a, "f"), [[3.0, 3.0]])
    assert elementwise(lambda a: a.astype(int), a, "f").dtype == np.float64


@pytest.mark.parametrize("slope", [0.2, 0.0, -0.5, 1.0, 3])
def test_leaky_relu_of_any_slope(slope):
    sigma = leaky_relu_of(slope)
    a = np.array([-2.0, -0.0, 0.0, 3.0])
    np.testing.assert_array_equal(sigma.function(a), [-2.0 * slope, 0.0, 0.0, 3.0])
    np.testing.assert_array_equal(sigma.derivative(a), [slope, slope, slope, 1.0])
    assert sigma.piecewise_linear
    assert leaky_relu_of(float(slope)) is sigma
    assert leaky_relu_of(0.01) is ACTIVATIONS["leaky_relu"]
    twin = pickle.loads(pickle.dumps(sigma))
    np.testing.assert_array_equal(twin.function(a), sigma.function(a))
