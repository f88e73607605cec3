"""Expected norms of blocks: at any size, and their limits as C → ∞."""
