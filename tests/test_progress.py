"""How far a run is: plain lines where there is no terminal, one live bar where there is."""

import io

import pytest
import rich.console

from rmt_hessian import progress
from rmt_hessian.progress import duration, shown
from rmt_hessian.sweep.run import Counts


class Clock:
    """The time, set by hand."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_plain_lines_where_there_is_no_terminal(clock, capsys):
    with shown("sweep") as (tell, notice):
        tell(Counts(total=40, done=10))
        for done in range(11, 20):  # within ten seconds: silence
            clock.now += 1
            tell(Counts(total=40, done=done))
        clock.now += 1.5
        tell(Counts(total=40, done=31, failed=1))
        notice("damaged: [x]")
        clock.now += 1
        tell(Counts(total=40, done=38, failed=2))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "sweep: 10 of 40 points",
        "sweep: 31 of 40 points, 2.1/s, 4 s left, 1 failed",  # 22 in 10.5 s, 8 of them left
        "damaged: [x]",
        "sweep: 38 of 40 points, 2.61/s, 2 failed",  # 30 in 11.5 s
    ]


def test_a_run_with_nothing_to_do_is_one_line(clock, capsys):
    with shown("sweep") as (tell, _):
        tell(Counts(total=3, done=3))
    assert capsys.readouterr().err == "sweep: 3 of 3 points\n"


def test_the_rate_counts_what_this_run_has_ended(clock, capsys):
    """Points that were there before do not count, those that failed do."""
    with shown("sweep") as (tell, _):
        for seconds, counts in ((0, (50, 0)), (20, (51, 1)), (20, (60, 1)), (10, (99, 1))):
            clock.now += seconds
            tell(Counts(100, *counts))
    assert capsys.readouterr().err.splitlines() == [
        "sweep: 50 of 100 points",
        "sweep: 51 of 100 points, 0.1/s, 8 min 0 s left, 1 failed",
        "sweep: 60 of 100 points, 0.275/s, 2 min 22 s left, 1 failed",
        "sweep: 99 of 100 points, 1/s, 1 failed",
    ]


def test_times_in_words():
    seconds = 0.0, 0.9, 1.0, 59.4, 59.6, 60, 3599, 3599.6, 3 * 3600 + 125
    words = "less than 1 s, less than 1 s, 1 s, 59 s, 1 min 0 s, 1 min 0 s, "
    words += "59 min 59 s, 1 h 0 min, 3 h 2 min"
    assert ", ".join(map(duration, seconds)) == words


def test_one_live_bar_on_a_terminal(monkeypatch):
    drawn = io.StringIO()
    terminal = rich.console.Console(file=drawn, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(progress.rich.console, "Console", lambda **_: terminal)
    with shown("sweep") as (tell, notice):
        tell(Counts(total=40, done=10))
        notice("damaged: [x]")  # not markup
        tell(Counts(total=40, done=37, failed=3))
    text = drawn.getvalue()
    assert "sweep" in text
    assert "37/40" in text
    assert "3 failed" in text
    assert "0:00:00" in text  # left, and since the start
    assert "/s" in text
    assert "damaged: [x]" in text
    assert "\x1b[?25l" in text  # the cursor is hidden while the bar lives,
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # and comes back
