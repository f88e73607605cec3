"""Both ends of a training as columns: numbers one each, arrays along a first axis."""

import numpy as np

ENDS = ("initial", "final")


def columns_of_ends(initial, final):
    """Columns of two mappings of the same names.

    Examples
    --------
    >>> columns_of_ends({"gap": 0.5, "overlaps": [0.1]}, {"gap": 0.2, "overlaps": [0.3]})
    {'initial_gap': 0.5, 'final_gap': 0.2, 'overlaps': array([[0.1],
           [0.3]])}
    """
    result = {}
    for name in initial:
        values = initial[name], final[name]
        if np.ndim(values[0]):
            result[name] = np.array(values)
        else:
            result |= {f"{end}_{name}": value for end, value in zip(ENDS, values, strict=True)}
    return result
