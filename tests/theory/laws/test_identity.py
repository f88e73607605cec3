"""``==``, ``hash`` and ``repr`` of laws: what is equal, and what makes it again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian.theory import GeneralizedMarchenkoPastur, MarchenkoPastur, WithNullSpace
from rmt_hessian.theory.laws import identity
from rmt_hessian.theory.laws.matrix_layer import MatrixLayerLaw
from rmt_hessian.theory.laws.tabulated import TabulatedLaw
from tests.strategies import aspect_ratios, weight_laws

COSINES = np.cos(np.linspace(np.pi, 0, 65))
MATRICES = np.stack([np.eye(2), 2 * np.eye(2)] * 20)
Q = np.linspace(0, 1, 9)


def semicircle(scale=1.0, atom=0.0):
    rho = 2 / np.pi * np.sqrt(1 - COSINES**2) * (1 - atom) / scale
    return TabulatedLaw([(scale * COSINES, rho)], atom)


SPELLED = {
    "MarchenkoPastur(0.5)": MarchenkoPastur(0.5),
    "MarchenkoPastur(0.5, scale=2.0)": MarchenkoPastur(0.5, 2),
    "GeneralizedMarchenkoPastur([-0.5, 1.0], [0.5, 0.5], 0.25)": GeneralizedMarchenkoPastur(
        [1.0, -0.5], [0.5, 0.5], 0.25
    ),
    "WithNullSpace(MarchenkoPastur(0.5), 0.25)": WithNullSpace(MarchenkoPastur(0.5), 0.25),
}


@pytest.mark.parametrize(("text", "law"), SPELLED.items())
def test_a_repr_reconstructs(text, law):
    assert repr(law) == text
    assert eval(text) == law
    assert hash(eval(text)) == hash(law)


@given(weight_laws(max_atoms=12), aspect_ratios, st.floats(0.0, 0.9))
def test_the_repr_of_any_short_law_reconstructs_it_to_the_last_bit(law, gamma, mass):
    law = WithNullSpace(GeneralizedMarchenkoPastur(*law, gamma), mass)
    again = eval(repr(law))
    assert again == law
    assert hash(again) == hash(law)
    np.testing.assert_array_equal(again.ppf(Q), law.ppf(Q))


def test_the_repr_of_a_long_law_is_short():
    law = GeneralizedMarchenkoPastur(np.linspace(-1.5, 2.25, 480), np.full(480, 1 / 480), 0.4)
    text = "<GeneralizedMarchenkoPastur: 480 weights in [-1.5, 2.25], aspect_ratio 0.4>"
    assert repr(law) == text
    assert repr(WithNullSpace(law, 0.25)) == f"<WithNullSpace: law {text}, mass 0.25>"
    assert repr(semicircle()) == "<TabulatedLaw: 1 component, support [-1, 1]>"
    assert repr(TabulatedLaw([], 1.0)) == "<TabulatedLaw: 0 components, support [0, 0]>"
    twelve = GeneralizedMarchenkoPastur(np.arange(12.0), np.full(12, 1 / 12), 0.4)
    thirteen = GeneralizedMarchenkoPastur(np.arange(13.0), np.full(13, 1 / 13), 0.4)
    assert repr(twelve).startswith("Gen")
    assert repr(thirteen).startswith("<Gen")


def test_equal_laws():
    law = GeneralizedMarchenkoPastur([1.0, 1.0, 0.0], [0.25, 0.25, 0.5], 0.5)
    same = GeneralizedMarchenkoPastur([-0.0, 1.0], [0.5, 0.5], 0.5)
    assert law == same
    assert hash(law) == hash(same)
    assert law != GeneralizedMarchenkoPastur([0.0, 1.0], [0.5, 0.5], 0.25)
    assert law != GeneralizedMarchenkoPastur([0.0, 2.0], [0.5, 0.5], 0.5)
    assert law != GeneralizedMarchenkoPastur([0.0, 1.0], [0.25, 0.75], 0.5)
    assert WithNullSpace(law, 0.5) == WithNullSpace(same, 0.5) != WithNullSpace(law, 0.25)
    assert GeneralizedMarchenkoPastur([1.0], [1.0], 0.5) != MarchenkoPastur(0.5)  # of two classes
    assert law != 1
    assert law.__eq__("x") is NotImplemented
    assert semicircle() == semicircle() != semicircle(2.0)
    assert hash(semicircle()) == hash(semicircle())
    assert semicircle() != semicircle(atom=0.5)
    parabola = TabulatedLaw([(COSINES, 0.75 * (1 - COSINES**2))])  # at the same nodes
    assert semicircle() != parabola
    assert identity.key(np.zeros((4, 1))) != identity.key(np.zeros((2, 2)))
    assert (
        MatrixLayerLaw(MATRICES, 0.2)
        == MatrixLayerLaw(MATRICES, 0.2)
        != MatrixLayerLaw(MATRICES, 0.25)
    )
    assert len({MarchenkoPastur(0.5), MarchenkoPastur(0.5), MarchenkoPastur(0.25)}) == 2


def test_probabilities_are_made_one():
    law = GeneralizedMarchenkoPastur([0.0, 1.0], [0.5, 0.5 + 5e-9], 0.5)
    assert law.probabilities.sum() == pytest.approx(1, abs=1e-15)
    assert law.probabilities[1] == pytest.approx(0.5 + 2.5e-9, abs=1e-15)
