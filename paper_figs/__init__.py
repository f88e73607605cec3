"""The figures: each script reads a sweep's results and writes the file of its own name."""
