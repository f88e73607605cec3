"""Separable laws of wide spectra: 1000 weights over 12 decades, 1000 eigenvalues of condition 1e8.

``python -m benchmarks.laws.separable`` prints the section that ``python -m benchmarks.laws`` ends
its page with.
"""

from benchmarks import processes
from benchmarks.markdown import table

ATOMS, N_POINTS = 1000, 500
# signs of the weights, and aspect ratios from few features to few samples
CASES = [(signed, phi) for signed in (False, True) for phi in (0.01, 0.3, 1.0, 1.5, 50.0)]
LIMIT_SECONDS = 300


def measure(cases=CASES, n_atoms=ATOMS):
    """Rows ``(signed, φ, answer of the worker)``, each from a fresh process with one thread."""
    return [
        (
            signed,
            phi,
            processes.ask(
                processes.interpreter("rmt-hessian"),
                "benchmarks.laws.workers.separable",
                {"signed": signed, "aspect_ratio": phi, "atoms": n_atoms, "points": N_POINTS},
                threads=1,
                limit_seconds=LIMIT_SECONDS,
            ),
        )
        for signed, phi in cases
    ]


def section(rows):
    """Markdown of the rows."""
    lines = [("weights", "φ", "intervals", "construction", "pdf", "cdf", "all", "memory")]
    for signed, phi, answer in rows:
        law = "signed" if signed else "positive", phi
        if "failure" in answer:
            lines.append((*law, answer["failure"], *"–––––"))
            continue
        seconds = [answer["seconds"][part]["wall"] for part in ("construction", "pdf", "cdf")]
        times = (f"{1e3 * t:.3g}" for t in (*seconds, sum(seconds)))
        lines.append((*law, answer["intervals"], *times, f"{answer['bytes'] / 1e6:.0f}"))
    return "\n\n".join(
        [
            "## Correlated features",
            f"`SeparableLaw` of {ATOMS} weights over 12 decades and {ATOMS} population eigenvalues "
            f"over 8, drawn log-uniformly: wall milliseconds of construction, of {N_POINTS} "
            "densities and of as many values of the distribution function, the compiled code in "
            "the cache; megabytes of the process at its largest.",
            table(lines),
        ]
    )


if __name__ == "__main__":
    print(section(measure()))
