"""Measuring Hessians: eigenvalues and eigenspaces."""
