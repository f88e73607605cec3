"""The package itself: options ``{"law": class name}``."""

from benchmarks.laws.workers.serve import serve


def load(options):
    """Import the package; see `serve`."""
    import rmt_hessian
    from rmt_hessian import theory

    def general(case):
        return theory.GeneralizedMarchenkoPastur(
            case["weights"], case["probabilities"], case["aspect_ratio"]
        )

    def plain(case):
        return theory.MarchenkoPastur(case["aspect_ratio"], scale=case["weights"][0])

    build = {"GeneralizedMarchenkoPastur": general, "MarchenkoPastur": plain}[options["law"]]
    verbs = {"pdf": lambda law, x: law.pdf(x), "cdf": lambda law, x: law.cdf(x)}
    return rmt_hessian.__version__, build, verbs


if __name__ == "__main__":
    serve(load)
