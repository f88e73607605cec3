"""Many points, one table: a file, its points, workers that measure them, a store, a status."""
