"""The literals with which a comment states a value, and what equals them.

A comment states a value if it begins with literals and ends there, or goes on after ``:`` or ``;``:
numbers, ``True``, ``False``, ``None``, texts in quotes, arrays as NumPy or Python writes them, and
``Name(x=0.5, n=2)``, which is compared with the ``repr``; several of them, with commas between or
without, are a tuple. ``8 million weights`` begins with a number but is prose.

Numbers are compared to the digits shown: 0.006 is within 0.0005, 3e-4 within 0.5e-4. Whole numbers
are exact. In an array as NumPy writes it, which leaves zeros out, all numbers have the digits of
the longest: ``[1.   0.97]``; a ``1.`` with no longer one is exact to the eight that NumPy prints.
"""

import re

import numpy as np

NUMBER = r"[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
TOKEN = re.compile(rf"'[^']*'|\"[^\"]*\"|{NUMBER}|[^\W\d]\w*|\S")
CONSTANTS = ("True", "False", "None", "inf", "nan")
OPENING, CLOSING, QUOTES = ("(", "["), (")", "]"), ("'", '"')
ROUNDING, DIGITS_OF_NUMPY = 1e-9, 8


def tokens_of(text):
    """Numbers, words, texts in quotes, and single signs."""
    found = TOKEN.findall(text.replace("−", "-"))
    return [f"'{t[1:-1]}'" if t[0] in QUOTES and t[1:] else t for t in found]


def stated_by(comment):
    """The tokens of the literals that a comment states; none if it is prose."""
    tokens, at = tokens_of(comment), 0
    while end := _literal(tokens, at):
        at = _after_comma(tokens, end)
    return tokens[:at] if at == len(tokens) or tokens[at] in ":;" else []


def _literal(tokens, at):
    """Where the literal ends that begins at token ``at``; 0 if none does."""
    token, following, third = (tokens[at : at + 3] + [""] * 3)[:3]
    if token in OPENING:
        return _bracket(tokens, at)
    if token in ("-", "+"):
        return at + 2 if following == "inf" else 0
    if _is_number(token):  # 2 or 1+2j
        return at + 3 if _is_number(following) and third == "j" else at + 1
    if token in CONSTANTS or token[:1] in QUOTES:
        return at + 1
    return _bracket(tokens, at + 1) if token.isidentifier() and following == "(" else 0


def _bracket(tokens, at):
    """Where the bracket at token ``at`` ends, if literals are in it, named ones (x=0.5) too."""
    at += 1
    while at < len(tokens) and tokens[at] not in CLOSING:
        named = tokens[at + 1 : at + 2] == ["="]
        if not (end := _literal(tokens, at + 2 * named)):
            return 0
        at = _after_comma(tokens, end)
    return at + 1 if at < len(tokens) else 0


def _after_comma(tokens, at):
    return at + (tokens[at : at + 1] == [","])


def _is_number(token):
    return re.fullmatch(NUMBER, token) is not None


def equals(value, stated):
    """Whether a value is what the tokens of a comment state."""
    with np.printoptions(legacy="1.25"):  # 0.5, not np.float64(0.5)
        if stated[0] not in CONSTANTS and stated[0].isidentifier():
            return agree(tokens_of(repr(value)), stated)
        found = _square(tokens_of(written(value)))
    return agree(found, _square(stated)) or agree(found, ["[", *_square(stated), "]"])


def _square(tokens):
    return ["[" if t in OPENING else "]" if t in CLOSING else t for t in tokens]


def written(value):
    """A value with all its digits; arrays, tuples and lists alike."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, complex):
        return f"{value.real}{value.imag:+}j"
    return repr(value)


def agree(found, stated):
    """Whether tokens are those stated, numbers to the digits shown; commas do not count."""
    found = [token for token in found if token != ","]
    pairs = zip(stated, _tolerances(stated), strict=True)
    expected = [pair for pair in pairs if pair[0] != ","]
    return len(found) == len(expected) and all(
        token == shown or (_is_number(token) and _is_number(shown) and _near(token, shown, error))
        for token, (shown, error) in zip(found, expected, strict=True)
    )


def _near(token, shown, error):
    if token.lstrip("+-").isdigit() and shown.lstrip("+-").isdigit():
        return int(token) == int(shown)
    return abs(float(token) - float(shown)) <= error


def _tolerances(tokens):
    """How far from each token a number may lie: half a unit of its last digit."""
    errors = [_half_unit(t, _digits(t)) if _is_number(t) else None for t in tokens]
    depth, start = 0, 0
    for at, token in enumerate(tokens):
        if token in OPENING:
            start = start if depth else at
            depth += 1
        elif token in CLOSING and depth:
            depth -= 1
            if depth == 0 and "," not in tokens[start:at]:  # as NumPy writes arrays
                numbers = [k for k in range(start, at) if _is_number(tokens[k])]
                digits = max((_digits(tokens[k]) for k in numbers), default=0)
                errors[start:at] = [
                    _half_unit(tokens[k], digits) if k in numbers else None
                    for k in range(start, at)
                ]
    return errors


def _digits(number):
    """How many stand behind the point."""
    return len(re.split("[eE]", number)[0].partition(".")[2])


def _half_unit(number, digits):
    mantissa, exponent = [*re.split("[eE]", number), "0"][:2]
    if number == mantissa and "." not in number:
        return ROUNDING * max(1, abs(float(number)))
    if mantissa.endswith(".") and digits == 0:
        digits = DIGITS_OF_NUMPY
    return float(f"0.5e{int(exponent) - digits}") * (1 + ROUNDING)
