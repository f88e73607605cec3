"""Eigenvalues outside the support of a law."""
