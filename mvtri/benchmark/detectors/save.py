"""Writing the comparison of detectors: one function for the whole output folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mvtri.benchmark.detectors.report import write_detector_report
from mvtri.benchmark.detectors.score import Comparison, as_plain
from mvtri.benchmark.detectors.tables import all_tables, save_tables
from mvtri.benchmark.tables import Table
from mvtri.files import atomic_file, provenance


def save_comparisons(
    folder: Path,
    comparisons: Sequence[Comparison],
    about: Mapping[str, Any],
    call: str,
    parameters: Mapping[str, Any],
    costs: Sequence[Table] = (),
) -> None:
    """Write ``results.json``, ``tables.md`` and ``report.html``; existing ones are replaced.

    Parameters
    ----------
    folder : Path
        Created where it does not exist.
    comparisons : sequence of Comparison
    about : mapping
        ``"title"`` and ``"synthetic"``.
    call : str
        The command line.
    parameters : mapping
        Options.
    costs : sequence of Table
        What the detectors cost in 3D.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = dict(about) | {"provenance": provenance(call, dict(parameters))}
    content = record | {"comparisons": [as_plain(one) for one in comparisons]}
    with atomic_file(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    save_tables(folder / "tables.md", [*(table for one in comparisons for table in all_tables(one)), *costs])
    write_detector_report(folder / "report.html", comparisons, record, costs)
