"""What a person sees: a line of progress every few seconds without a terminal, and a word for each level."""

import time
from types import SimpleNamespace

import numpy as np

from mvtri.cli import terminal as screen
from mvtri.cli.reconstruct import _print_summary
from mvtri.diagnostics import Verdict


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


def test_each_verdict_begins_with_a_word_for_its_level(capsys):
    verdicts = [
        Verdict("good", "All agree."),
        Verdict("check", "Many jumps."),
        Verdict("bad", "No unit."),
    ]
    recording = SimpleNamespace(times=np.zeros(2), present=np.ones((2, 3)))
    diagnosis = SimpleNamespace(cameras=[], recording=recording, coverage=1.0, verdicts=verdicts)
    _print_summary("session", diagnosis, None)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "Good: All agree.",
        "Worth a look: Many jumps.",
        "Trouble: No unit.",
    ]
