"""What a command names that is not there."""

from tests.documents.commands import commands, missing, unknown


def test_what_a_command_names():
    assert unknown(["make", "sweep", "NAME=spectra"]) == []
    assert unknown(["A=1", "make", "swept", "NAME=spectre"]) == ["swept", "sweeps/spectre.toml"]
    assert unknown([".venv/bin/rmt-hessian", "run", "sweeps/a.toml", "--sett", "C=2"]) == [
        "--sett",
        "sweeps/a.toml",
    ]
    assert unknown(["rmt-hessian", "ran"]) == ["ran"]
    assert unknown(["rmt-hessian", "--help"]) == []
    assert unknown(["ls", "sweeps"]) == unknown(["A=1"]) == []


def test_files():
    assert missing(
        ["docs/laws.md", "docs/law.md", "mine/law.md", "tests/claims/", "results/x"]
    ) == ["docs/law.md"]


def test_which_commands_are_found():
    assert commands("```sh\nA=1 \\\n  make a  # b\n```\nby `make\nb`; `made c`") == [
        ["A=1", "make", "a"],
        ["make", "b"],
    ]
