"""Measuring Hessians: spectra, effective rank, eigenspaces, Kronecker products, uncertainty."""
