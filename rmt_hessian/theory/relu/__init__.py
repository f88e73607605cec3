"""Moments of ReLU features and masks, orthant probabilities, arc-cosine kernels."""
