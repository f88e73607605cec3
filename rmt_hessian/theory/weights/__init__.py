"""Laws of the weights of a block: quadrature, sampling, and how far a finite sample strays."""
