"""Checks at the public edge: each raises one line that says what was wanted and what came.

``arguments`` (numbers, flags, names, objects), ``calls`` (arguments out of place), ``arrays``,
``precision`` (in which numbers came, and the error granted for it), ``matrices`` (symmetry,
definiteness), ``distributions`` (probabilities), ``weights`` (of networks).
"""
