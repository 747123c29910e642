"""The report of a benchmark: what it is made of, and in what order."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvtri.benchmark.report import plots as score_plots
from mvtri.benchmark.report import sections as score_sections
from mvtri.benchmark.report.lookup import Scorebook
from mvtri.benchmark.report.tables import GROUPS
from mvtri.report.html.page import write_page


def write_benchmark_report(path: str | os.PathLike[str], results: Mapping[str, Any]) -> Path:
    """Write a self-contained HTML report about a benchmark; the same input gives the same bytes.

    Parameters
    ----------
    path : path
        The file to write; one that is there is replaced when the new one is whole.
    results : mapping
        What ``mvtri.benchmark.Results.to_json`` gives, or what is read from its ``results.json``.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If `results` is something else.
    """
    book = Scorebook(results)
    headline = f"Benchmark: {book.about.get('dataset', 'results')}"
    body = [
        score_sections.head(book, headline),
        score_sections.overall_section(book),
        score_sections.chooser(book),
        score_sections.key_section(book, "subject"),
        score_sections.key_section(book, "action"),
        score_sections.keypoint_section(book),
        score_sections.camera_section(book),
        score_sections.noise_section(book),
        score_sections.distribution_section(book),
        score_sections.further_section(book),
        score_sections.left_out_section(book),
        score_sections.provenance_section(book),
    ]
    places = "".join(body)
    figures = {name: figure for name, figure in _figures(book).items() if f'id="plot-{name}"' in places}
    return write_page(path, headline, body, {"figures": figures, "trajectories": None})


def _figures(book: Scorebook) -> dict[str, Any]:
    """All plots, by the name of their place in the page."""
    figures: dict[str, Any] = {}
    for index, setting in enumerate(book.settings):
        figures[f"overall-{index}"] = score_plots.overview(book, setting)
        for group in GROUPS:
            for by in ("subject", "action"):
                figures[f"{by}-{group}-{index}"] = score_plots.by_key(book, setting, by, group)
            figures[f"distribution-{group}-{index}"] = score_plots.cumulative(book, setting, group)
        for name, keypoints in zip(("spine", "others"), book.spine_and_others(setting)):
            figures[f"keypoint-{name}-{index}"] = score_plots.by_keypoint(book, setting, keypoints)
        for method in book.methods_of(setting, "camera count"):
            name = f"cameras-{book.methods.index(method)}-{index}"
            figures[name] = score_plots.by_camera_count(book, setting, method)
    if book.sweep:
        figures["noise"] = score_plots.against_noise(book.sweep, book.methods)
        figures["noise-ratio"] = score_plots.against_noise(book.sweep, book.methods, ratio=True)
    return figures
