"""Writing the results of a benchmark: one function for the whole output folder."""

from __future__ import annotations

from pathlib import Path

from mvtri.benchmark.report import write_benchmark_report
from mvtri.benchmark.results import BenchmarkResults
from mvtri.benchmark.tables import save_tables


def save_results(folder: Path, results: BenchmarkResults) -> None:
    """Write ``results.json``, ``results.csv``, ``tables.md`` and ``report.html``; existing ones are replaced.

    Parameters
    ----------
    folder : Path
        Created where it does not exist.
    results : BenchmarkResults
    """
    results.save(folder)
    save_tables(folder / "tables.md", results)
    write_benchmark_report(folder / "report.html", results)
