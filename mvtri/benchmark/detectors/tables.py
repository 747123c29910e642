"""The figures of detectors as tables of text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mvtri.benchmark.detectors.score import Comparison, DetectorScores
from mvtri.benchmark.tables import Table
from mvtri.detection_scores.breakdown import Part
from mvtri.files import atomic_file

NONE = "-"
SHOWN = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AUC", "PCK", "PCKh", "NME", "EPE px")
WITH_INTERVAL = ("AP", "AUC", "EPE px")
BRIEF = ("AP", "AP50", "AR", "AUC", "PCK", "EPE px")
PART_HEADS = (
    *("", "labelled", "found", "mean px", "median px", "relative"),
    *("constant px", "random px", "right", "AUC", "in 95 % ellipse"),
)


def overall_table(comparison: Comparison, columns: Sequence[str] = SHOWN) -> Table:
    """Return the figures of all detectors, group by group of keypoints."""
    labelled = comparison.labelled
    what = "agreement with" if labelled.agreement else "against"
    title = f"{what} {labelled.name}: {len(labelled.images)} images, {len(labelled.people)} labelled people"
    if comparison.left_out:
        count = len(labelled.keypoints)
        title += f", {count} of {count + len(comparison.left_out)} keypoints"
    rows = [
        [group, one.name, *(_with_interval(one, group, column) for column in columns)]
        for group in comparison.detectors[0].groups
        for one in comparison.detectors
    ]
    return Table(title, ("keypoints", "detector", *columns), rows)


def part_table(title: str, parts: Sequence[Part]) -> Table:
    """Return the figures by keypoint, view, occlusion or size."""
    rows = [[part.name, str(part.labelled), *(number(value) for value in part[2:])] for part in parts]
    return Table(title, PART_HEADS, rows)


def reliability_table(one: DetectorScores) -> Table | None:
    """Return how many keypoints are right, by score; None without scores."""
    told = one.scores
    if told is None:
        return None
    title = f"{one.name}: scores (expected calibration error {number(told.error)})"
    rows = [
        [f"{low:.1f} to {high:.1f}", str(count), number(score), number(right)]
        for low, high, count, score, right in zip(told.low, told.high, told.counts, told.scores, told.right)
    ]
    return Table(title, ("score", "keypoints", "mean score", "right"), rows)


def all_tables(comparison: Comparison) -> list[Table]:
    """Return every table of a comparison."""
    tables = [overall_table(comparison)]
    for one in comparison.detectors:
        tables += [
            part_table(f"{one.name}: by {what}", parts)
            for what, parts in (
                ("keypoint", one.keypoints),
                ("view", one.views),
                ("occlusion", one.occlusion),
                ("distance" if comparison.labelled.distances is not None else "size", one.sizes),
            )
            if len(parts) > 1
        ]
        told = reliability_table(one)
        tables += [] if told is None else [told]
    return tables


def save_tables(path: Path, tables: Sequence[Table]) -> None:
    """Write tables as Markdown, each below its title."""
    texts = [f"## {table.title}\n\n{table.markdown()}\n" for table in tables]
    with atomic_file(path) as temporary:
        temporary.write_text("\n".join(texts), encoding="utf-8")


def number(value: float) -> str:
    """Return a figure as text: three decimals up to 1, two below 10, else one."""
    if not np.isfinite(value):
        return NONE
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _with_interval(one: DetectorScores, group: str, column: str) -> str:
    text = number(one.groups[group][column])
    low, high = one.intervals[group].get(column, (np.nan, np.nan))
    if column in WITH_INTERVAL and np.isfinite([low, high]).all():
        text += f" [{number(low)}, {number(high)}]"
    return text
