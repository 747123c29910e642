"""Scores against ground truth: settings, methods, protocols and tables."""

from mvtri.benchmark.collect import collect
from mvtri.benchmark.evaluate import evaluate
from mvtri.benchmark.methods.ours import Method, get_method, list_methods
from mvtri.benchmark.plan import Plan
from mvtri.benchmark.results import BenchmarkResults
from mvtri.benchmark.run import run_benchmark, spine_template
from mvtri.benchmark.settings import Setting, make_setting
from mvtri.benchmark.tables import Table, overall_tables, save_tables
from mvtri.benchmark.with_oracle import score_with_oracle

__all__ = [
    "BenchmarkResults",
    "Method",
    "Plan",
    "Setting",
    "Table",
    "collect",
    "evaluate",
    "get_method",
    "list_methods",
    "make_setting",
    "overall_tables",
    "run_benchmark",
    "save_tables",
    "score_with_oracle",
    "spine_template",
]
