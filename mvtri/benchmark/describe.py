"""What a benchmark says about itself: how it was made, which inputs it had, and a line that sums it up."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mvtri.files import provenance

if TYPE_CHECKING:
    from mvtri.benchmark.plan import Plan
    from mvtri.datasets import Dataset


def describe_run(
    dataset: Dataset, plan: Plan, template: str | None, call: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what `collect` writes into the results about their origin.

    Parameters
    ----------
    dataset : Dataset
    plan : Plan
    template : str or None
        The source of the spine of the method ``rigid-spine``.
    call : str
        The command line.
    parameters : mapping
        Options and what identifies the inputs.
    """
    people = "a rendered person" if dataset.layout == "demo" else "synthetic people"
    return {
        "dataset": dataset.layout,
        "synthetic": people if dataset.synthetic else None,
        "settings": {setting.name: setting.description for setting in plan.settings},
        "methods": {method.name: method.description for method in plan.methods},
        "rigid_spine": template,
        "controls": [method.name for method in plan.methods if method.name.startswith("rigid-spine")],
        "undistort": plan.undistort,
        "provenance": provenance(call, dict(parameters)),
    }


def identify_files(path: Path | None) -> str | None:
    """Return text that changes when files change: their path, and a checksum of names, sizes and times.

    Parameters
    ----------
    path : Path or None
        A file or a folder; the text is None where there is none.
    """
    if path is None or not path.exists():
        return None
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    stats = [(file.relative_to(path).as_posix(), file.stat()) for file in files]
    found = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return f"{path.resolve()}, {zlib.crc32(repr(found).encode()):08x}"


def summary_line(about: Mapping[str, Any]) -> str:
    """Return a line on how much was scored, whether it is synthetic, and whether some of it is damaged."""
    count = about["sequences"]
    text = f"{count} sequence{'' if count == 1 else 's'}, {about['frames']} frames"
    if about["synthetic"]:
        text += f"; all of it is synthetic ({about['synthetic']})"
    if about["damaged"]:
        text += f"; the truth of {len(about['damaged'])} is damaged (--exclude-damaged leaves them out)"
    return text
