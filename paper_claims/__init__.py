"""Claims of the papers and of this package, one a file, each with what decides it."""
