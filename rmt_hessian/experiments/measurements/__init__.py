"""What a sweep can measure: one function per measurement, ``(rng, **point) -> mapping``.

A measurement draws its network and data from ``rng``, measures, and puts the prediction beside
the measurement. Scalars go into the table, arrays into a file beside it. Its keyword arguments
are the parameters that a sweep may set; their annotations say which values are allowed. Raise
`VERSION` of a function when its numbers change.
"""

from rmt_hessian.experiments.measurements.blocks import block_norms, block_spectra, hessian_image
from rmt_hessian.experiments.measurements.eigenspaces import eigenspaces
from rmt_hessian.experiments.measurements.kronecker import kronecker_form, network_kronecker
from rmt_hessian.experiments.measurements.outliers import outliers
from rmt_hessian.experiments.measurements.output_rank import output_rank, population_rank

_VERSIONS = {
    block_norms: 2,
    block_spectra: 1,
    output_rank: 1,
    hessian_image: 1,
    population_rank: 1,
    kronecker_form: 3,
    network_kronecker: 1,
    eigenspaces: 3,
    outliers: 1,
}
MEASUREMENTS = {measurement.__name__: measurement for measurement in _VERSIONS}
VERSION = {measurement.__name__: version for measurement, version in _VERSIONS.items()}
