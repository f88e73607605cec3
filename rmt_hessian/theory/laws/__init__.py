"""Limiting laws of spectra.

`spectral_law` is the interface; `generalized_mp` blocks with isotropic features, `separable` with
correlated ones, `matrix_equation` whole layers; `tabulated` and `null_space` make laws of others.
"""
