"""What tells one law from another: its parameters. For ``==``, ``hash`` and ``repr``."""

import inspect
from typing import Any

import numpy as np

from rmt_hessian._types import HasComponents

MOST_ATOMS = 12  # in a repr that spells them out


def key(value: Any) -> Any:
    """A hashable value, the same for the same parameters; -0 is 0."""
    if isinstance(value, np.ndarray):
        return value.shape, (value + 0.0).tobytes()
    if isinstance(value, list | tuple):
        return tuple(key(part) for part in value)
    return value


def spelled(law: Any) -> str | None:
    """The call that makes the law again, or None if it is too long or shows a law that is."""
    defaults = inspect.signature(type(law)).parameters
    texts = []
    for name, value in law._parameters().items():
        if isinstance(value, np.ndarray) and value.ndim == 1 and value.size <= MOST_ATOMS:
            text = repr(value.tolist())
        elif isinstance(value, float):
            text = repr(float(value))
        else:
            text = repr(value)
            if isinstance(value, np.ndarray | list | tuple) or text.startswith("<"):
                return None
        default = defaults[name].default
        if default is inspect.Parameter.empty:
            texts.append(text)
        elif isinstance(value, np.ndarray) or value != default:
            texts.append(f"{name}={text}")
    return f"{type(law).__name__}({', '.join(texts)})"


def of_components(law: HasComponents) -> str:
    """A few words for a law without parameters that one would read."""
    lo, hi = law.support()
    count = len(law.components())
    plural = "" if count == 1 else "s"
    return f"{count} component{plural}, support [{lo:.4g}, {hi:.4g}]"


def summary(law: Any) -> str:
    """A few words for each parameter; probabilities go with their atoms."""
    words = []
    for name, value in law._parameters().items():
        if isinstance(value, np.ndarray):
            if not name.endswith("probabilities"):
                words.append(f"{value.size} {name} in [{value.min():.4g}, {value.max():.4g}]")
        elif isinstance(value, float):
            words.append(f"{name} {value:.4g}")
        else:
            words.append(f"{name} {value!r}")
    return ", ".join(words)
