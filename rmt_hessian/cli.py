"""The command line, ``rmt-hessian``."""

import sys
from pathlib import Path
from typing import Annotated

try:
    import rich.progress
    import typer

    from rmt_hessian.experiments.config import ConfigError, load_config
    from rmt_hessian.experiments.report import (
        format_rank,
        format_summary,
        summarise,
        summarise_rank,
    )
    from rmt_hessian.experiments.runner import run_sweep
    from rmt_hessian.experiments.store import Store
    from rmt_hessian.experiments.structure_report import format_table, structure_sections
except ImportError as error:
    sys.exit(f"rmt-hessian needs {error.name}: pip install 'rmt_hessian[sweep]'")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Random matrix theory of neural-network Hessians.",
)

SHOWN = 5  # failed points named on the screen
LEGEND = """\
R: mean squared norm of off-diagonal over diagonal blocks; z: (measured - predicted)/error of both.
KS: largest distance to the conditional and to the population law; outside: how many of the latter
exceed the 95 % band of samples of N weights by more than the former."""
RANK_TITLE = """
Output Hessian of the hidden layer, CE: gap λ_C/λ_{C-1}, and overlap of the top eigenspace with the
centred rows of V; means over seeds."""

Folder = Annotated[Path, typer.Argument(help="Folder of a sweep's results.")]


@app.command()
def run(
    config: Annotated[Path, typer.Argument(help="Sweep file, as in sweeps/.")],
    out: Annotated[Path | None, typer.Option(help="Default: results/ and the file's name.")] = None,
):
    """Compute the points of a sweep that are missing, then collect them. Run again to resume."""
    load_config(config)  # a mistake in the file shows before the bar does
    folder = out or Path("results") / config.stem
    with rich.progress.Progress(
        "[progress.description]{task.description}",
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
        rich.progress.TimeElapsedColumn(),
        "{task.fields[failures]}",
    ) as progress:
        task = progress.add_task(config.stem, total=None, failures="")

        def show(done, total, failed):
            failures = f"{failed} failed" if failed else ""
            progress.update(task, completed=done, total=total, failures=failures)

        try:
            table, failed = run_sweep(config, folder, show)
        except KeyboardInterrupt:
            progress.stop()
            _stop(f"interrupted; resume with: rmt-hessian run {config} --out {folder}", 130)
    _say_where(table, folder)
    for point, reason in failed[:SHOWN]:
        print(f"failed: {point}: {reason}", file=sys.stderr)
    if failed:
        more = f" ({len(failed) - SHOWN} more)" if len(failed) > SHOWN else ""
        _stop(f"{len(failed)} points failed{more}; tracebacks in {folder}/failed", 1)


@app.command()
def status(folder: Folder):
    """Say how many points of a sweep are done, failed and missing."""
    points = load_config(folder / "config.toml").points()
    store = Store(folder)
    done = sum(store.row(point.key) is not None for point in points)
    failed = sum((store.failed / f"{point.key}.txt").exists() for point in points)
    missing = len(points) - done - failed
    print(f"{len(points)} points: {done} done, {failed} failed, {missing} missing")


@app.command()
def collect(folder: Folder):
    """Gather the points that are done into table.parquet and table.csv."""
    _say_where(Store(folder).collect(load_config(folder / "config.toml").points()), folder)


@app.command()
def report(
    folder: Folder,
    figures: Annotated[Path | None, typer.Option(help="Folder of the figures to list.")] = None,
):
    """Print what was measured beside what was predicted, means over seeds."""
    try:
        table = Store(folder).table()
    except FileNotFoundError:
        _stop(f"error: {folder} holds no table.parquet: rmt-hessian run or collect first", 2)
    norms, rank = summarise(table), summarise_rank(table)
    structure = list(structure_sections(table))
    if norms.empty and rank.empty and not structure:
        _stop(f"error: {folder} holds no measurement that the report knows", 2)
    if len(norms):
        print(format_summary(norms))
        print(LEGEND)
    if len(rank):
        print(RANK_TITLE)
        print(format_rank(rank))
    for title, section in structure:
        print(f"\n{title}\n{format_table(section)}")
    for path in sorted(figures.glob("*.png")) if figures else []:
        print(f"figure: {path}")


def _say_where(table, folder):
    where = f" in {folder}/table.parquet and {folder}/table.csv" if len(table) else ""
    print(f"{len(table)} points{where}")


def _stop(message, code):
    print(message, file=sys.stderr)
    raise typer.Exit(code)


def main():
    """Entry point: a sweep file that cannot be used is one line and exit code 2."""
    try:
        app()
    except (ConfigError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
