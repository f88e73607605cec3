"""Limiting laws of spectra.

Doors, in reading order:

* ``spectral_law``: the interface of every law, SciPy's verbs
* ``marchenko_pastur``: constant weights, the classical law
* ``generalized_mp``: a block with isotropic features and discrete weights
* ``conditional``: the same, of a sample's own weights
* ``continuous_mp``: the same, weights with a density
* ``weight_density``: such weights
* ``separable``: a block with correlated features
* ``silverstein``: a sample covariance, in the statistician's words
* ``free_convolution``: a block on features of which only the spectrum is known
* ``matrix_layer``: a whole layer, from a sample of output Hessians
* ``matrix_free_convolution``: the same on features of which only the spectrum is known
* ``null_space``: a law with a share of zeros added
* ``mean_of_laws``: equally many eigenvalues of several laws, taken together
* ``tabulated``: from values of a density
* ``spikes``: single directions of the features, and the outliers they give
* ``repulsion``: how far eigenvalues repel

Insides: behind the verbs,

* ``expectation``: by quadrature in probability
* ``upper_tail``: where ``1 - F`` is rounding
* ``identity``: ``==``, ``hash`` and ``repr``
* ``scaling``: units that let no power overflow
* ``tabulated_distribution``: a law by its distribution function at points
* ``two_sided``: components on both sides of the origin, each point solved for
* ``kernels``: compiled

of the separable law and the free convolution,

* ``atomic_equation``: what both equations share
* ``separable_equation``: its sums
* ``separable_solver``: the solution at any z
* ``separable_defect``: by how much a point misses it
* ``separable_components``: where they are
* ``separable_side``: on one side of the origin
* ``separable_moments``: exact
* ``convolution_equation``: its sums
* ``convolution_moments``: exact

of whole layers,

* ``matrix_equation``: for white features
* ``matrix_convolution``: for a measured spectrum
* ``matrix_factors``: output Hessians as factors, their ranks
* ``symmetric_matrices``: as vectors
* ``matrix_solver``: how G is found
* ``matrix_solution``: at one z
* ``matrix_nodes``: at which points
* ``matrix_law``: the law from them
* ``matrix_kernels``: compiled
"""
