"""Results of ``benchmarks.sweeps`` as Markdown."""

import statistics

from benchmarks.markdown import table
from benchmarks.sweeps.measure import BARE, HERE, ONE, TWO, TWO_BARE, agree

OVERHEAD, GAIN = 0.05, 1.8  # at most, at least
PARTS = ("computing", "between", "point_cpu")
WHOLE = "Seconds of a run in fresh processes; imports and the cluster belong to the start-up."
STEADY = (
    "Milliseconds a point, from the second of each process on; `--workers 2` beside two bare loops."
)


def report(long, short, steps, resumed, machine, *, points, rounds):
    """The whole page.

    ``long`` and ``short`` hold the runs of each way, ``steps`` and ``resumed`` medians, ``points``
    how many were resumed.
    """
    return (
        "\n\n".join(
            [
                "# Sweeps: what the machinery costs",
                f"Machine: {machine}. One thread a process.",
                f"Wall time (CPU time of all processes), medians of {rounds} rounds in which the "
                "ways take turns; ratios are taken within a round, the smallest and the largest in "
                "brackets. `benchmarks/README.md` tells the rest.",
                "## Required",
                table(requirements(long)),
                f"## {title(long)}",
                WHOLE,
                table(whole(long)),
                STEADY,
                table(steady(long)),
                "## Two workers against one",
                table(gains(long)),
                f"## {title(short)}",
                WHOLE,
                table(whole(short)),
                STEADY,
                table(steady(short)),
                "## What is done for a point or a task",
                "Milliseconds, after a first call.",
                table(clocks(steps, 1e3)),
                f"## Resuming with {points} points done",
                "Seconds, files in the cache of the system.",
                table(clocks(resumed, 1.0)),
                "## Memory",
                "Largest resident memory, MB. Libraries that processes share count in each.",
                table(memory(long, resumed, points)),
                "## Agreement",
                f"All ways found the same bits: {'yes' if agree(long) and agree(short) else 'NO'}.",
            ]
        )
        + "\n"
    )


def title(runs):
    """How many points, and how long the bare loop computes one."""
    seconds = median(run.computing for run in runs[BARE])
    length = f"{seconds:.2f} s" if seconds > 0.1 else f"{1e3 * seconds:.1f} ms"
    return f"{len(runs[BARE][0].rows)} points of {length}"


def requirements(long):
    """What is asked of long points, and whether it is met."""
    lines = [("", "required", "found", "met")]
    for way in (HERE, ONE):
        found = ratios(long[way], long[BARE], "span", 1.0)
        met = yes(median(found) <= OVERHEAD)
        name = f"longer than the bare loop, first to last point: {way}"
        lines.append((name, f"≤ {OVERHEAD:.0%}", percent(found), met))
    found = ratios(long[TWO], long[HERE], "rate")
    met = yes(median(found) >= GAIN)
    return [*lines, (f"points a second, {TWO} over {HERE}", f"≥ {GAIN}", times(found), met)]


def whole(runs):
    """From the start of the process to its end."""
    lines = [("way", "start-up", "first to last point", "after it", "end to end (CPU)")]
    for way, found in runs.items():
        after = median(run.total - run.start_up - run.span for run in found)
        total = f"{median(r.total for r in found):.2f} ({median(r.cpu for r in found):.2f})"
        parts = [median(r.start_up for r in found), median(r.span for r in found), after]
        lines.append((way, *(f"{seconds:.2f}" for seconds in parts), total))
    return lines


def steady(runs):
    """What a point takes while the run goes, and what of it is not computing."""
    head = ("computing", "between two points", "CPU", "points a second", "more than bare")
    lines = [("way", *head)]
    for way, found in runs.items():
        parts = [median(getattr(r, name) for r in found) for name in PARTS]
        rate = f"{median(r.rate for r in found):.3g}"
        bare = TWO_BARE if way == TWO else BARE
        more = "–" if way in (BARE, TWO_BARE) else percent(ratios(runs[bare], found, "rate", 1.0))
        lines.append((way, *(f"{1e3 * seconds:.3g}" for seconds in parts), rate, more))
    return lines


def gains(runs):
    """Two processes over one, and how much of what two bare loops gain."""
    lines = [("", "points a second", "end to end", "share of the first line")]
    ceiling = ratios(runs[TWO_BARE], runs[BARE], "rate")
    for two, one in ((TWO_BARE, BARE), (TWO, BARE), (TWO, HERE), (TWO, ONE)):
        rate, pace = (ratios(runs[two], runs[one], name) for name in ("rate", "pace"))
        share = [gain / bare for gain, bare in zip(rate, ceiling, strict=True)]
        lines.append((f"{two}, over {one}", times(rate), times(pace), percent(share)))
    return lines


def clocks(found, unit):
    """One line for each that has both clocks."""
    lines = [("", "wall", "CPU")]
    for name, value in found.items():
        if isinstance(value, dict):
            lines.append((name, *(f"{value[clock] * unit:.3g}" for clock in ("wall", "cpu"))))
    return lines


def memory(long, resumed, points):
    """Of the process that was started, and of the largest one that computes."""
    lines = [("", "process started", "process that computes")]
    for way, found in long.items():
        sizes = [median(r.peak_bytes for r in found), median(r.worker_peak_bytes for r in found)]
        lines.append((way, *(f"{size / 1e6:.0f}" for size in sizes)))
    return [*lines, (f"resuming {points} points", f"{resumed['peak_bytes'] / 1e6:.0f}", "–")]


def ratios(above, below, name, less=0.0):
    """``above / below − less`` of a quantity in each round."""
    return [getattr(a, name) / getattr(b, name) - less for a, b in zip(above, below, strict=True)]


def median(values):
    """The median of a generator."""
    return statistics.median(values)


def percent(values):
    """The median and the extremes."""
    return f"{median(values):.1%} ({min(values):.1%} … {max(values):.1%})"


def times(values):
    """The median and the extremes, as factors."""
    return f"{median(values):.2f} ({min(values):.2f} … {max(values):.2f})"


def yes(met):
    """Yes or no."""
    return "yes" if met else "no"
