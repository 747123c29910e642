"""Progress without a terminal: a line when a stage is done, and a sign of life every few seconds before."""

import time

from mvtri.cli import terminal as screen


def test_without_a_terminal_progress_is_a_line_every_few_seconds_and_one_at_the_end(monkeypatch, capsys):
    clock = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: clock)
    with screen.progress() as report:
        for done in range(11):
            report("detect", done, 10)
            clock += 1.5
    assert capsys.readouterr().err.splitlines() == [
        "mvtri: detect: 3 of 10",
        "mvtri: detect: 6 of 10",
        "mvtri: detect: 9 of 10",
        "mvtri: detect: 10 done in 15.0 s, 0.7/s",
    ]


def test_quiet_shows_no_progress(capsys):
    with screen.progress(quiet=True) as report:
        report("detect", 10, 10)
    assert capsys.readouterr().err == ""
