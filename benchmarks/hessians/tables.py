"""Results of ``benchmarks.hessians`` as Markdown."""

from benchmarks.markdown import footnote, footnotes, table

TASKS = {
    "norms": "Exact means of the squared block norms",
    "product": "Product with a vector",
    "assembly": "Assembly",
}
COLUMNS = (
    "contender",
    "wall",
    "CPU",
    "over rmt_hessian",
    "preparation",
    "peak",
    "growth",
    "difference",
)


def report(rows, machine, threads, limits, constants):
    """The whole page from rows ``(case, contender, answer)``."""
    notes = []
    parts = [
        "# Hessians at scale: time and memory",
        f"Machine: {machine}. {threads} threads for everyone. Packages: {packages(rows)}.",
        "Seconds, medians of the calls of one fresh process a contender and case; *wall* and "
        "*CPU* of the call, *preparation* before it (JAX: compilation). *Peak*: memory of the "
        "process during the call, *growth*: what of it was not there before. *Difference*: to "
        "rmt_hessian, over the largest entry (each of the two norms); beyond 1e-8 a contender "
        f"fails. Limits: {limits.seconds:g} s, {limits.bytes / 1e9:g} GB. "
        "`benchmarks/README.md` tells the rest.",
    ]
    dense = [row for row in rows if row[0].part == "dense"]
    if dense:
        parts += ["## The dense Hessian, softmax cross-entropy"]
        for case in dict.fromkeys(case for case, _, _ in dense):
            mine = [row for row in dense if row[0] == case]
            parts += [f"### {heading(case)}", table(compared(mine, notes))]
        parts += [
            "### Against the machine's own matrix product",
            "Operations that symmetry and ReLU leave, over those that a product of two 3000 × "
            "3000 matrices does in the same time.",
            table(shares(dense)),
        ]
    classes = [row for row in rows if row[0].part == "classes"]
    if classes:
        parts += ["## Cost against the number of classes", f"Linear model, {sizes(classes)}."]
        for task, title in TASKS.items():
            mine = [row for row in classes if row[0].task == task]
            if mine:
                parts += [f"### {title}", table(compared(mine, notes, by_classes=True))]
        if constants:
            parts += ["### Measured and predicted norms", *predicted(constants)]
    parts.append(footnotes(notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def packages(rows):
    """Names and versions of what answered."""
    found = {answer["version"] for _, _, answer in rows if "version" in answer}
    return "; ".join(sorted(found)) or "none"


def heading(case):
    """The case, its number of parameters and the size of its Hessian."""
    return f"{str(case)[0].upper()}{str(case)[1:]}: P = {case.n_parameters}"


def sizes(rows):
    """D and N of the cases with many classes."""
    case = rows[0][0]
    return f"d = {case.widths[0]}, N = {case.n_samples}"


def compared(rows, notes, by_classes=False):
    """One line a contender; failures are footnotes appended to ``notes``."""
    lines = [(*(("C",) if by_classes else ()), *COLUMNS)]
    ours = {c: a["seconds"]["wall"] for c, k, a in rows if k.key == "ours" and "seconds" in a}
    for case, contender, answer in rows:
        label = f"**{contender.label}**" if contender.key == "ours" else contender.label
        first = (case.widths[-1], label) if by_classes else (label,)
        if "failure" in answer:
            lines.append((*first, f"fails{footnote(answer['failure'], notes)}", *"––––––"))
            continue
        wall, cpu = answer["seconds"]["wall"], answer["seconds"]["cpu"]
        sampled = answer.get("sampled_rows")
        mark, bound = "", ""
        if sampled:
            text = (
                "extrapolated from evenly spread rows, as many as the time allows; the memory is "
                "that of these rows"
            )
            mark, bound = f" ({sampled} rows{footnote(text, notes)})", "≥ "
        lines.append(
            (
                *first,
                f"{digits(wall)}{mark}",
                digits(cpu),
                f"{digits(wall / ours[case])}×" if case in ours else "–",
                digits(answer["preparation"]["wall"]),
                bound + memory(answer["peak"]),
                bound + memory(answer["growth"]),
                f"{answer['difference']:.1e}",
            )
        )
    return lines


def shares(rows):
    """Operations over time, and over what a large product does in that time."""
    lines = [("case", "operations", "wall", "GFlop/s", "product, GFlop/s", "share")]
    for case, _, answer in rows:
        if answer.get("rate"):
            count, wall = answer["operations"], answer["seconds"]["wall"]
            pace, rate = count / wall / 1e9, answer["rate"] / 1e9
            share = f"{100 * pace / rate:.0f} %"
            lines.append((case, f"{count:.3g}", digits(wall), f"{pace:.1f}", f"{rate:.1f}", share))
    return lines


def predicted(constants):
    """A sentence and a table from `predictions.constants`."""
    d, n_classes = constants["n_inputs"], constants["n_classes"]
    sentence = (
        f"One draw of the network and its inputs, C = {n_classes}, beside the expectation at that "
        "C and the limit C → ∞ at the same d and N, from `rmt_hessian.theory`."
    )
    names = {
        "diagonal": f"C² · mean ‖H_ii‖² / d, d = {d}",
        "off_diagonal": "C⁴ · mean ‖H_ij‖² / d",
        "ratio": "C² · ratio",
    }
    lines = [("", "measured", "expected", "C → ∞")]
    for key, name in names.items():
        lines.append(
            (name, *(f"{constants[k][key]:.5g}" for k in ("measured", "expected", "limit")))
        )
    return sentence, table(lines)


def digits(value):
    """Three digits."""
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


def memory(size):
    """Megabytes, or gigabytes from one on."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
