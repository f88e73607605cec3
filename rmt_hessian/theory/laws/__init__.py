"""Limiting laws of spectra.

`spectral_law` is the interface, with `expectation`, `upper_tail`, `identity` and `scaling` behind
its verbs; `generalized_mp` has blocks with isotropic features, `continuous_mp` the same for weights
with a `weight_density`, ``separable*`` blocks with correlated features, ``matrix_*`` whole layers,
`free_convolution` with ``convolution_*`` blocks on features of which only the spectrum is known;
`two_sided` is what it shares with `separable`;
`tabulated`, `tabulated_distribution` and `null_space` make laws of densities, distribution
functions and other laws. `kernels` and `matrix_kernels` are compiled.
"""
