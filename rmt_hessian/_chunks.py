"""Cutting long loops into chunks, so that temporary arrays stay below a stated size."""

CHUNK_SIZE = 2**24  # numbers that a temporary array may hold: 128 MB in float64


def slices(length, size):
    """Yield slices of at most ``size`` (at least 1) that cover ``0 … length-1`` in order."""
    size = max(1, size)
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
