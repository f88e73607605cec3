"""Many points, one table: configuration, measurements, runner, store and report."""
