"""What is given of the weights of an ensemble."""

from rmt_hessian._checks.weights import weights_of_widths


def test_weights_none_of_which_is_given_fit_any_widths():
    assert weights_of_widths([None, None, None], (3, 2)) == (None,)
    assert weights_of_widths(None, (3, 2, 2)) == (None, None)
