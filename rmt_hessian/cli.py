"""The command line, ``rmt-hessian``."""

import os
import shlex
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

try:
    import typer
    from typer.core import TyperCommand

    from rmt_hessian.progress import duration, shown
    from rmt_hessian.report import report_of
    from rmt_hessian.streams import robust_streams
    from rmt_hessian.sweep.clusters import SLURM, check, cores, slurm_script
    from rmt_hessian.sweep.config import ConfigError, load_config, load_points
    from rmt_hessian.sweep.provenance import expected_seconds
    from rmt_hessian.sweep.run import run_sweep
    from rmt_hessian.sweep.shipped import shipped_file, shipped_sweeps
    from rmt_hessian.sweep.status import OUTCOMES, by_axis, outcomes
    from rmt_hessian.sweep.store import FolderInUse, Store
except ImportError as error:
    if (error.name or "").startswith("rmt_hessian"):  # a fault of ours, not a missing extra
        raise
    sys.exit(f"rmt-hessian needs {error.name}: pip install 'rmt_hessian[sweep]'")

UsageError = typer.BadParameter.__base__  # of typer's own click, or of click
INTERRUPTED, CLOSED_PIPE = 130, 1  # exit codes


class Once(TyperCommand):
    """A command whose options may be given once each, those that take several values aside."""

    def parse_args(self, ctx, args):
        """Refuse what click takes: the last of several values, without a word."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option, times in Counter(given).items():
            if times > 1 and not option.multiple:
                raise UsageError(f"{option.opts[0]} must be given once, got {times} times", ctx)
        return super().parse_args(ctx, args)


ABOUT = "Random matrix theory of neural-network Hessians."
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=ABOUT)

SHOWN = 5  # points named on the screen, of those that failed and of those missing

Folder = Annotated[Path, typer.Argument(help="Folder of a sweep's results.")]
MixVersions = Annotated[
    bool, typer.Option("--mix-versions", help="Keep results of other package versions.")
]


@app.command(cls=Once)
def run(
    config: Annotated[Path, typer.Argument(help="Sweep file, as in sweeps/.")],
    out: Annotated[Path | None, typer.Option(help="Default: results/ and the file's name.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE,…",
            help="Other values of a parameter (C, d, N, m for short), or of seeds; repeatable.",
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The small sizes of the file.")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes; 1: this one. Default: all cores.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="tcp://HOST:PORT of a Dask scheduler, or slurm.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what there is to do.")
    ] = False,
    mix_versions: MixVersions = False,
):
    """Compute the points of a sweep that are missing, then collect them. Run again to resume."""
    if workers is not None and workers < 1:
        raise ValueError(f"--workers must be at least 1, got {workers}")
    kept = config.name == "config.toml"  # of a folder of results
    folder = out or (config.parent if kept else Path("results") / config.stem)
    workers = workers or cores()
    if dry_run:
        points, _ = load_points(config, set_ or (), quick=quick)
        _say_what_is_to_do(points, folder, workers, scheduler)
        return
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        with shown(config.stem) as (progress, notice):
            result = run_sweep(
                config,
                folder,
                overrides=set_ or (),
                quick=quick,
                workers=workers,
                scheduler=scheduler,
                mix_versions=mix_versions,
                on_progress=progress,
                on_notice=notice,
            )
    except KeyboardInterrupt as interrupt:
        (number,) = interrupt.args or (signal.SIGINT,)
        _stop(f"interrupted; {_how_to_resume()}", 128 + number)
    _say_where(result.table, folder)
    for point, reason in result.failed[:SHOWN]:
        print(f"failed: {point}: {reason}", file=sys.stderr)
    for point in result.missing[:SHOWN]:
        print(f"missing: {point}", file=sys.stderr)
    reasons = [result.stopped] if result.stopped else []
    if result.failed:
        reasons.append(
            f"{_some(len(result.failed), 'point')} failed; tracebacks in {folder}/failed"
        )
    if result.missing:
        reasons.append(f"{len(result.missing)} points are missing; {_how_to_resume()}")
    if reasons:
        _stop("\n".join(reasons), 1)


def _interrupt(number, _frame):
    """The first signal stops the run in order; the second one at once."""
    print("\nstopping; again to end at once", file=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise KeyboardInterrupt(number)


def _how_to_resume():
    return f"resume with: {shlex.join([_command(), *sys.argv[1:]])}"


def _command():
    """How to type this command where it was typed."""
    command = "rmt-hessian"
    if Path(sys.argv[0]).name == command and not shutil.which(command):
        command = os.path.relpath(sys.argv[0])
    return command


def _say_what_is_to_do(points, folder, workers, scheduler):
    """Points, those done, the time expected; the job script for SLURM."""
    check(scheduler)
    rows = Store(folder).state(points).rows
    left = [point for key, point in points.items() if key not in rows]
    print(f"{len(points)} points: {len(rows)} done, {len(left)} to compute")
    seconds, used = expected_seconds(folder, left), min(workers, len(left))
    if seconds is None:
        print("no estimate of the time: a measurement was never run in this folder")
    elif used:
        time = duration(seconds / used)
        print(f"time: {time}, on {_some(used, 'worker')}, by the points measured in this folder")
    if scheduler == SLURM:
        print(slurm_script())


@app.command(cls=Once)
def status(folder: Folder):
    """Say how many points of a sweep are done, failed and missing, for each value of each axis."""
    points, _ = load_points(folder / "config.toml")
    state = Store(folder).state(points)
    outcome = outcomes(points, state)
    counts = ", ".join(f"{list(outcome.values()).count(kind)} {kind}" for kind in OUTCOMES)
    print(f"{len(points)} points: {counts}")
    for line in state.damaged:
        print(f"damaged, counts as missing: {line}")
    print(by_axis(points, outcome).to_string(index=False))


@app.command(cls=Once)
def collect(
    folder: Folder,
    mix_versions: MixVersions = False,
):
    """Gather the points that are done into table.parquet and table.csv."""
    points, _ = load_points(folder / "config.toml")
    store = Store(folder)
    state = store.state(points)
    for line in state.damaged:
        print(f"damaged, left out: {line}", file=sys.stderr)
    table = store.collect(points, state.rows, mix_versions=mix_versions, on_notice=_notice)
    _say_where(table, folder)


@app.command(cls=Once)
def report(
    folder: Folder,
    figures: Annotated[Path | None, typer.Option(help="Folder of the figures to list.")] = None,
):
    """Print what was measured beside what was predicted, means over seeds."""
    try:
        table = Store(folder).table()
    except FileNotFoundError:
        told = f"{folder} holds no table.parquet: rmt-hessian run or collect first"
        if done := len(list((folder / "points").glob("*.parquet"))):
            resume = shlex.join([_command(), "run", str(folder / "config.toml")])
            told += f"; of {_some(done, 'point')} that are there. To finish it: {resume}"
        _stop(f"error: {told}", 2)
    config = load_config(folder / "config.toml")
    for line in _what_is_not_there(folder, config, table):
        print(line)
    print(report_of(table))
    for path in (figures / f"{name}.png" for name in config.figures) if figures else ():
        if path.exists():
            print(f"figure: {path}")


@app.command(cls=Once)
def sweeps(
    name: Annotated[str | None, typer.Argument(help="One of them, to print its file.")] = None,
):
    """List the sweeps that come with the package; of a name print the file, to save and change."""
    if name is not None:
        print(shipped_file(name), end="")
        return
    for sweep, about in shipped_sweeps().items():
        print(f"{sweep:<20} {about}")


@app.command(cls=Once)
def page(
    claims: Annotated[str, typer.Argument(help="Package of claims, seen from here: paper_claims.")],
    results: Annotated[Path, typer.Option(help="Folder of the sweeps' folders.")] = Path("results"),
    figures: Annotated[Path, typer.Option(help="Folder of the figures.")] = Path("figures"),
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    table: Annotated[Path | None, typer.Option(help="Also write a table in Markdown.")] = None,
    tests: Annotated[Path | None, typer.Option(help="Folder of tests that claims name.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Say that sizes are small.")] = False,
):
    """Gather claims, their verdicts and figures into one HTML file that needs nothing else."""
    try:
        from rmt_hessian.paper.gather import gather  # altair, only here
    except ModuleNotFoundError as error:
        _stop(f"error: page needs {error.name}: pip install 'rmt_hessian[paper]'", 2)
    verdicts, unfinished, html, markdown = gather(
        claims, results, figures, tests=tests, quick=quick
    )
    for path, text in ((out, html), *([(table, markdown)] if table else [])):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    counts = Counter(verdict.word for verdict in verdicts)
    print(f"{_some(len(verdicts), 'claim')}: {', '.join(f'{n} {w}' for w, n in counts.items())}")
    for sweep, lacking in unfinished.items():
        print(f"Unfinished: {sweep} lacks {_some(lacking, 'point')}; judged by what is there.")
    print(f"page: {out}" + (f"; table: {table}" if table else ""))


def _what_is_not_there(folder, config, table):
    """Lines on points of the sweep that its table lacks, and what to run; on points of another."""
    points, there = {point.key: point for point in config.points()}, set(table["key"])
    if lacking := points.keys() - there:
        state = Store(folder).state(sorted(lacking))
        done, failed = len(state.rows), len(state.failed)
        counts = {"done but not collected": done, "failed": failed}
        counts["missing"] = len(lacking) - done - failed
        told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        yield f"Unfinished: {len(points) - len(lacking)} of {len(points)} points are here, {told}."
        yield f"To finish it: {shlex.join([_command(), 'run', str(folder / 'config.toml')])}"
        if failed:
            yield f"Why points failed: {folder}/failed"
        yield ""
    if others := len(there - points.keys()):
        yield f"{_some(others, 'point')} of this table are of another run than config.toml."
        yield f"To collect its own: {shlex.join([_command(), 'collect', str(folder)])}"
        yield ""


def _notice(line):
    print(line, file=sys.stderr)


def _say_where(table, folder):
    where = f" in {folder}/table.parquet and {folder}/table.csv" if len(table) else ""
    print(f"{_some(len(table), 'point')}{where}")


def _some(count, thing):
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _stop(message, code):
    print(message, file=sys.stderr)
    sys.exit(code)


def main():
    """Entry point: what goes wrong is one line and exit code 2, Ctrl-C one line and 130."""
    with robust_streams():
        try:
            code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
            sys.stdout.flush()
        except UsageError as error:
            place = error.ctx.command_path if error.ctx else "rmt-hessian"
            code = _say(f"{error.format_message().rstrip('.')}; see {place} --help")
        except typer.Abort:
            code = INTERRUPTED
        except BrokenPipeError:
            code = CLOSED_PIPE
        except OSError as error:
            code = _say(f"{error.filename}: {error.strerror}" if error.filename else error)
        except (ConfigError, FolderInUse, ValueError, ImportError) as error:
            code = _say(error)
        if code == INTERRUPTED:
            _notice("interrupted")
        sys.exit(code)


def _say(error):
    _notice(f"error: {error}".replace("\n", " "))
    return 2
