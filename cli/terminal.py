"""What a person sees while a command runs: progress with rate and ETA, and tables that line up."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from mvtri.progress import Progress, no_progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn


LINE_INTERVAL = 4.0  # seconds between two lines of progress, where there is no terminal


@cache
def stderr() -> Console:
    """Return the console that progress and messages go to."""
    from rich.console import Console

    return Console(stderr=True)


def printable(text: str) -> str:
    """Return `text` without what a terminal would obey instead of showing it, such as escape sequences.

    Names of files, cameras and keypoints come from others.  Line ends and tabs stay.
    """
    return "".join(sign if sign.isprintable() or sign in "\n\t" else f"\\u{ord(sign):04x}" for sign in text)


@contextlib.contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """Yield ``report(stage, done, total)``: one bar per stage on a terminal, one line per stage elsewhere."""
    if quiet:
        yield no_progress
    elif sys.stderr.isatty():
        with _bars() as report:
            yield report
    else:
        yield _lines()


@contextlib.contextmanager
def _bars() -> Iterator[Progress]:
    from rich import progress as rp

    columns: list[str | ProgressColumn] = [
        "{task.description:<16}",
        rp.BarColumn(),
        rp.MofNCompleteColumn(),
        _RateColumn(),
        rp.TimeElapsedColumn(),
        "ETA",
        rp.TimeRemainingColumn(),
    ]
    with rp.Progress(*columns, console=stderr()) as bars:
        tasks: dict[str, rp.TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def _RateColumn() -> ProgressColumn:
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:8.1f}/s")

    return Rate()


def _lines() -> Progress:
    import time

    started: dict[str, float] = {}
    finished: set[str] = set()
    last_line = time.perf_counter()

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last_line
        now = time.perf_counter()
        start = started.setdefault(stage, now)
        if done < total and now - last_line >= LINE_INTERVAL:
            last_line = now
            print(f"mvtri: {stage}: {done} of {total}", file=sys.stderr, flush=True)
        elif done >= total and stage not in finished:
            last_line = now
            finished.add(stage)
            seconds = now - start
            rate = f", {total / seconds:.1f}/s" if seconds > 0.05 else ""
            print(f"mvtri: {stage}: {total} done in {seconds:.1f} s{rate}", file=sys.stderr, flush=True)

    return report


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on stdout; all columns but the first are aligned to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(printable(title)),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*[Text(printable(str(cell))) for cell in row])
    console = Console(highlight=False)
    if not console.is_terminal:  # a file or another program, where nothing may be cut off
        console.width = 1000
        console.width = max(120, console.measure(table).maximum)
    console.print(table)
