"""The package scikit-rmt: the plain Marchenko–Pastur law."""

from importlib.metadata import version

from benchmarks.laws.workers.serve import serve


def load(options):
    """Import the package; see `serve`."""
    from skrmt.ensemble.spectral_law import MarchenkoPasturDistribution

    def build(case):
        scale = case["weights"][0] ** 0.5
        return MarchenkoPasturDistribution(ratio=case["aspect_ratio"], sigma=scale)

    verbs = {"pdf": lambda law, x: law.pdf(x), "cdf": lambda law, x: law.cdf(x)}
    return version("scikit-rmt"), build, verbs


if __name__ == "__main__":
    serve(load)
