"""What may stand for a law."""

from collections.abc import Iterable
from typing import Any

from rmt_hessian._checks.arguments import require_attributes


def require_law(law: Any, attributes: Iterable[str], name: str, what: str = "a law") -> Any:
    """Return ``law`` if it has all the ``attributes`` and, of `scipy.stats`, its parameters.

    Raises
    ------
    ValueError
        If it is no law, a class of laws, or a family of `scipy.stats` that needs parameters.
    """
    if getattr(law, "numargs", 0):  # what is frozen has no such attribute
        family = f"{law.name} of scipy.stats without parameters: {law.name}({law.shapes})?"
        raise ValueError(f"{name} must be {what}, got {family}")
    return require_attributes(law, attributes, name, what)
