"""Assembling Hessians: every layer is ``(1/N) Σ_n M_n ⊗ z_n z_nᵀ`` with ``M_n = ∂²ℓ_n/∂a ∂a``."""
