"""The command's output on streams that cannot encode it, that are closed, or that nobody reads."""

import json
import os
import pty
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-c", "from rmt_hessian.cli import main; main()"]
ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "POSIX": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
NAME = "carré ⊗ λ"  # a folder with a space, and signs of which cp1252 has one
MEASUREMENT = """
def ranks(rng, *, word):
    if word == "λ":
        raise ValueError("λ is wrong")
    return {"rank": 1}
"""
SWEEP = """
root_seed = 0
[[grid]]
measurement = "output_rank"
seeds = 1
fixed = { widths = [3, 4, 2], layer = 0, loss = "ce", n_samples = 4 }
[[grid]]
measurement = "population_rank"
seeds = 1
fixed = { widths = [3, 3, 2], layer = 0, relative_error = 0.9 }
[[grid]]
measurement = "mine:ranks"
seeds = 1
axes = { word = ["é", "λ"] }
"""


RESULTS = f"results/{NAME}"
EACH = """
import json, os, sys
from rmt_hessian.cli import main
codes = []
for line in json.loads(sys.argv[1]):
    sys.argv = ["rmt-hessian", *(os.fsdecode(word.encode()) for word in line)]
    try:
        main()
    except SystemExit as end:
        codes.append(end.code or 0)
with open("codes.json", "w", encoding="utf-8") as file:
    json.dump(codes, file)
"""


def command(*arguments, **settings):
    """What a command wrote, as bytes, and its code."""
    environment = os.environ | settings.pop("environment", {})
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | settings
    return subprocess.run([*COMMAND, *arguments], env=environment, **settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a sweep that has run; one point of it fails."""
    path = tmp_path_factory.mktemp("streams") / NAME
    path.mkdir()
    (path / "mine.py").write_text(MEASUREMENT, encoding="utf-8")
    (path / f"{NAME}.toml").write_text(SWEEP, encoding="utf-8")
    assert command("run", f"{NAME}.toml", "--workers", "1", cwd=path).returncode == 1
    return path


@pytest.mark.parametrize("environment", ENCODINGS.values(), ids=ENCODINGS)
def test_every_command_ends_whatever_the_encoding(folder, environment):
    """All in one process, so that it takes no longer than one."""
    codes = {
        ("run", f"{NAME}.toml", "--workers", "1", "--out", f"λ {environment}"): 1,
        ("run", f"{NAME}.toml", "--dry-run"): 0,
        ("status", RESULTS): 0,
        ("collect", RESULTS): 0,
        ("report", RESULTS): 0,
        ("--help",): 0,
        ("run", "--help"): 0,
        ("run", "λ.toml"): 2,
        ("run", "--λ"): 2,
    }
    result = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(list(codes))],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads((folder / "codes.json").read_text(encoding="utf-8")) == [*codes.values()]
    progress, *lines = result.stderr.splitlines()
    assert b"0 of 4 points" in progress
    assert any(line.startswith(b"failed: mine:ranks(word=") for line in lines)
    no_file, no_option = lines[-2:]
    assert b"No such file" in no_file
    assert no_option.startswith(b"error: No such option")
    assert b"predicted R" not in result.stdout
    assert b"top C-1 eigenspace" in result.stdout
    assert b"Usage: " in result.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_measurement_may_print_anything(tmp_path, workers):
    (tmp_path / "mine.py").write_text(
        # in one piece: two workers may print at once
        "def f(rng, *, n):\n    print(f'λ {n}\\n', end='')\n    return {'square': n * n}\n",
        encoding="utf-8",
    )
    (tmp_path / "own.toml").write_text(
        'root_seed = 0\n[[grid]]\nmeasurement = "mine:f"\nseeds = 1\naxes = { n = [1, 2] }\n',
        encoding="utf-8",
    )
    arguments = "run", "own.toml", "--workers", workers
    result = command(*arguments, cwd=tmp_path, environment={"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert sorted(lines)[1:] == [b"\\u03bb 1", b"\\u03bb 2"]


def test_what_cannot_be_encoded_is_written_as_its_number(folder):
    pages = {
        encoding: command(
            "report", RESULTS, cwd=folder, environment={"PYTHONIOENCODING": encoding}
        ).stdout.decode(encoding)
        for encoding in ("utf-8", "ascii")
    }
    escaped = pages["utf-8"].encode("ascii", "backslashreplace").decode()
    assert pages["ascii"] == escaped
    assert "λ_C/λ_{C-1}" in pages["utf-8"]
    assert "\\u03bb_C/\\u03bb_{C-1}" in escaped


def test_the_bar_of_a_terminal_in_ascii(folder):
    """A terminal for stderr; what it is told is read to the end."""
    ours, theirs = pty.openpty()
    arguments = "run", f"{NAME}.toml", "--workers", "1", "--set", "seeds=2"
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        told = b""
        while part := _read(ours):
            told += part
    os.close(ours)
    assert process.returncode == 1
    assert b"Traceback" not in told
    assert b"6/8" in told
    assert told.isascii()


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # how a terminal ends
        return b""


@pytest.mark.parametrize(
    ("arguments", "closed"),
    [
        (("report", RESULTS), ">&-"),
        (("report", RESULTS), "2>&-"),
        (("--help",), "<&- >&-"),
        (("run", "none.toml"), ">&-"),
        (("run", "none.toml"), ">&- 2>&-"),
    ],
)
def test_closed_streams_are_no_error(folder, arguments, closed):
    shell = ["sh", "-c", f'"$@" {closed}', "sh", *COMMAND, *arguments]
    result = subprocess.run(shell, cwd=folder, capture_output=True, encoding="utf-8")
    assert result.returncode == (2 if arguments[0] == "run" else 0)
    said = "error: none.toml: No such file or directory\n"
    assert result.stderr == (said if arguments[0] == "run" and "2>&-" not in closed else "")


@pytest.mark.parametrize(
    ("arguments", "unbuffered"),
    [(("report", RESULTS), ""), (("report", RESULTS), "1"), (("--help",), "")],
)
def test_a_reader_that_goes_away_is_no_error(folder, arguments, unbuffered):
    """As ``| head -1`` does."""
    reading, writing = os.pipe()
    os.close(reading)
    result = command(
        *arguments, cwd=folder, stdout=writing, environment={"PYTHONUNBUFFERED": unbuffered}
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (1, b"")


def test_output_that_finds_a_full_disk_is_one_line(folder):
    with open("/dev/full", "wb") as full:
        result = command("report", RESULTS, cwd=folder, stdout=full)
    assert result.returncode == 2
    assert result.stderr == b"error: [Errno 28] No space left on device\n"
