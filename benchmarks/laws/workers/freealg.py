"""The package freealg: options ``{"law": class name, "eta": height, "rows": number}``.

``eta`` is the height above the real line. A 1-d array of points is solved point by point from left
to right, each from the solution before; ``rows`` passes the points as a 2-d array of so many rows,
which are solved all at once from ``-1/z``.

Free cumulants ``γ^{n-1} E λⁿ = (1/γ) E (γλ)ⁿ``: rate ``1/γ``, jumps ``γ λ_k``.
"""

from importlib.metadata import version

from benchmarks.laws.workers.serve import serve


def load(options):
    """Import the package; see `serve`."""
    from freealg import distributions

    law_class = getattr(distributions, options["law"])

    def compound(case):
        gamma = case["aspect_ratio"]
        return law_class(t=gamma * case["weights"], w=case["probabilities"], lam=1 / gamma)

    def plain(case):
        return law_class(case["aspect_ratio"], sigma=case["weights"][0] ** 0.5)

    height = {"eta": options["eta"]} if "eta" in options else {}
    build = plain if options["law"] == "MarchenkoPastur" else compound

    def density(law, x):
        points = x.reshape(options["rows"], -1) if "rows" in options else x
        return law.density(points, **height).ravel()

    return version("freealg"), build, {"pdf": density}


if __name__ == "__main__":
    serve(load)
