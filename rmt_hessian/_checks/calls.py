"""Calls with arguments out of place: the message shows the call."""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def shows_call(call: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """To Python's own message, of arguments too many or missing, add how the function is called."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{error}; the call is {call}") from None
            return function(*args, **kwargs)

        return checked

    return decorate
