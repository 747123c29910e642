"""Tables that a benchmark prints as it goes, and keeps as Markdown."""

import os
import platform
from collections.abc import Callable
from pathlib import Path

lines: list[str] = []


def say(text=""):
    print(text, flush=True)
    lines.append(text)


def table(head, rows):
    say("| " + " | ".join(head) + " |")
    say("|" + "---|" * len(head))
    for row in rows:
        say("| " + " | ".join(str(cell) for cell in row) + " |")
    say()


def report(about, rows, path: Path | None):
    """Print rows (name: cell) below what they are `about` and the machine; append both to the file `path`."""
    load = f", load {os.getloadavg()[0]:.1f} after" if hasattr(os, "getloadavg") else ""
    say(f"{platform.machine()}, {os.cpu_count()} cores{load}; {about}.")
    say()
    table(list(rows[0]), [row.values() for row in rows])
    if path:
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(lines))


def add_options(parser):
    parser.add_argument("--quick", action="store_true", help="a tenth of the points, tables not written")
    parser.add_argument("--only", nargs="*", default=[], help="names of sections; tables not written")


def run(sections: dict[str, Callable[[], None]], options, path: Path, whole=True):
    """Run the chosen sections; write their tables to `path` if that was all of them, and in full."""
    for name, section in sections.items():
        if not options.only or name in options.only:
            section()
    if whole and not options.quick and not options.only:
        path.write_text("\n".join(lines), encoding="utf-8")
