"""The factors E[M] and E[z zᵀ] of every layer, from the weights alone."""
