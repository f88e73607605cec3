"""Measuring Hessians: spectra, effective rank, eigenspaces, Kronecker products, uncertainty.

Doors, in reading order:

* ``eigenvalues``: all of them, those of blocks, extreme ones with their vectors
* ``slq``: densities of spectra, from products alone
* ``rank``: by the gap, by energy, and numerically
* ``subspaces``: overlaps, and eigenvectors as matrices of units × features
* ``matching``: overlaps up to the order of units
* ``kronecker``: products near a layer Hessian
* ``network_kronecker``: near that of a whole network
* ``independence``: the error, were M and z independent
* ``conditioning``: condition numbers with a learning rate a block
* ``uncertainty``: standard errors and fitted rates
* ``maps``: a Hessian as pictures of few pixels

Insides:

* ``operands``: one view of arrays, sparse ones and operators
* ``thick_restart``: extreme eigenpairs from products
* ``lanczos``: the recurrence
* ``probe_rule``: the Gauss rule of one probe
* ``unit_assignment``: the search for an order of units
* ``progress_calls``: how far a long computation is
"""
