"""Scores against ground truth: settings, methods, protocols and tables."""

from mvtri.benchmark.collect import collect
from mvtri.benchmark.describe import describe_run, identify_files, summary_line
from mvtri.benchmark.evaluate import evaluate
from mvtri.benchmark.methods.choose import choose_methods
from mvtri.benchmark.methods.method import Method
from mvtri.benchmark.methods.ours import get_method, list_methods
from mvtri.benchmark.methods.rigid_spine import spine_template
from mvtri.benchmark.plan import Plan
from mvtri.benchmark.results import BenchmarkResults
from mvtri.benchmark.run import run_benchmark
from mvtri.benchmark.save import save_results
from mvtri.benchmark.settings import Setting, make_setting
from mvtri.benchmark.tables import Table, overall_tables
from mvtri.benchmark.with_oracle import score_with_oracle

__all__ = [
    "BenchmarkResults",
    "Method",
    "Plan",
    "Setting",
    "Table",
    "choose_methods",
    "collect",
    "describe_run",
    "evaluate",
    "get_method",
    "identify_files",
    "list_methods",
    "make_setting",
    "overall_tables",
    "run_benchmark",
    "save_results",
    "score_with_oracle",
    "spine_template",
    "summary_line",
]
