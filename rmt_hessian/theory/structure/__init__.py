"""E[M] and E[z zᵀ] of a layer: rank, top eigenspace, overlaps, how far the two decouple."""
