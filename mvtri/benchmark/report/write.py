"""The report of a benchmark: what it is made of, and in what order."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvtri.benchmark.lookup import Lookup
from mvtri.benchmark.report import breakdowns, plots, sections
from mvtri.benchmark.report.tables import GROUPS
from mvtri.benchmark.results import BenchmarkResults
from mvtri.report.html.page import write_page


def write_benchmark_report(
    path: str | os.PathLike[str], results: BenchmarkResults | Mapping[str, Any]
) -> Path:
    """Write a self-contained HTML report about a benchmark, with `mvtri.report.html.page.write_page`.

    Parameters
    ----------
    path : path
        The HTML file.
    results : BenchmarkResults or mapping
        A mapping is what `BenchmarkResults.to_json` returns, or what its ``results.json`` holds.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        If a part of `results` is missing.
    """
    if not isinstance(results, BenchmarkResults):
        results = BenchmarkResults.from_json(results)
    lookup = results.lookup
    headline = f"Benchmark: {lookup.about.get('dataset', 'results')}"
    body = [
        sections.head(lookup, headline),
        sections.overall_section(lookup),
        sections.chooser(lookup),
        breakdowns.key_section(lookup, "subject"),
        breakdowns.key_section(lookup, "action"),
        breakdowns.keypoint_section(lookup),
        breakdowns.camera_section(lookup),
        breakdowns.noise_section(lookup),
        breakdowns.distribution_section(lookup),
        sections.further_section(lookup),
        sections.left_out_section(lookup),
        sections.provenance_section(lookup),
    ]
    return write_page(path, headline, body, _figures(lookup))


def _figures(lookup: Lookup) -> dict[str, Any]:
    """Return all plots, by the name of their place in the page."""
    figures: dict[str, Any] = {}
    for index, setting in enumerate(lookup.settings):
        figures[f"overall-{index}"] = plots.overview(lookup, setting)
        for group in GROUPS:
            for by in ("subject", "action"):
                figures[f"{by}-{group}-{index}"] = plots.by_key(lookup, setting, by, group)
            figures[f"distribution-{group}-{index}"] = plots.cumulative(lookup, setting, group)
        for name, keypoints in zip(("spine", "others"), lookup.spine_and_others(setting)):
            figures[f"keypoint-{name}-{index}"] = plots.by_keypoint(lookup, setting, keypoints)
        for method in lookup.methods_of(setting, "camera count"):
            name = f"cameras-{lookup.methods.index(method)}-{index}"
            figures[name] = plots.by_camera_count(lookup, setting, method)
    if lookup.sweep:
        figures["noise"] = plots.against_noise(lookup.sweep, lookup.methods)
        figures["noise-ratio"] = plots.against_noise(lookup.sweep, lookup.methods, ratio=True)
    return figures
