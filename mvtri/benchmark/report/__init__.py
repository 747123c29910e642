"""The report about a benchmark: tables, plots, sections, one HTML file."""

from mvtri.benchmark.report.write import write_benchmark_report

__all__ = ["write_benchmark_report"]
