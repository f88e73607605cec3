"""What a sweep can measure: one function per measurement, ``(rng, **parameters) -> mapping``.

A measurement draws its network and data from ``rng``, measures, and puts the prediction beside
the measurement. Scalars go into the table, arrays into a file beside it. Its keyword arguments
are the parameters that a sweep may set; their annotations say which values are allowed.
"""

from rmt_hessian.measurements import (  # noqa: F401 (registers what is in them)
    blocks,
    cross_layers,
    decoupled,
    dynamic_force,
    eigenspaces,
    figure_one,
    hessian_image,
    kronecker,
    layers,
    outliers,
    output_rank,
    pac_bayes,
    pac_bayes_search,
    real_head_blocks,
    real_head_confusions,
    real_head_structure,
    real_heads,
    real_layers,
    trained_eigenspaces,
    trained_heads,
    trained_laws,
    trained_layer_pairs,
    trained_paths,
    trained_shares,
    trained_spectra,
    training_images,
)
