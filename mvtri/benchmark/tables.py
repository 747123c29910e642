"""Results as tables to read: one a setting, the published rows below and marked as such."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mvtri.benchmark.published import Published, published_for
from mvtri.benchmark.results import ALL, Results
from mvtri.benchmark.score_sequence import PIXELS
from mvtri.benchmark.tally import METRICS
from mvtri.files import atomic_file

SHOWN = (
    ("full", "mpjpe"),
    ("full", "p_mpjpe"),
    ("spine", "mpjpe"),
    ("spine", "p_mpjpe"),
    ("spine", "spine_angle"),
)
NONE = "-"


@dataclass(frozen=True)
class Table:
    """A table of text: title, heads of the columns, rows."""

    title: str
    columns: tuple[str, ...]
    rows: list[list[str]]

    def markdown(self) -> str:
        """Return it as Markdown."""
        lines = [f"| {' | '.join(self.columns)} |", "|" + "---|" * len(self.columns)]
        return "\n".join(lines + [f"| {' | '.join(row)} |" for row in self.rows])


def save_tables(path: Path, results: Results) -> None:
    """Write the tables of `overall_tables` as Markdown, each below its title."""
    texts = [f"## {table.title}\n\n{table.markdown()}\n" for table in overall_tables(results)]
    with atomic_file(path) as temporary:
        temporary.write_text("\n".join(texts), encoding="utf-8")


def overall_tables(results: Results) -> list[Table]:
    """Return a table for each setting: methods, errors with their 95 % intervals, coverage."""
    rows = results.rows[results.rows["by"] == ALL]
    published = published_for(results.rows)
    return [
        _setting_table(_title(str(setting), results), str(setting), part, published)
        for setting, part in rows.groupby("setting", sort=False)
    ]


def _title(setting: str, results: Results) -> str:
    about = results.about
    title = setting if about.get("undistort", True) else f"{setting}, lens distortion ignored"
    unseen = about["unseen"].get(setting, ())
    if unseen:
        rows = results.rows[(results.rows["setting"] == setting) & (results.rows["by"] == "keypoint")]
        there = rows["key"].nunique()
        title += f", {there} of {there + len(unseen)} keypoints: the 2D knows no others"
    return title


def _setting_table(title: str, setting: str, rows: pd.DataFrame, published: tuple[Published, ...]) -> Table:
    pixels = rows[(rows["method"] == PIXELS) & (rows["group"] == "full")].set_index("metric")
    if len(pixels):
        error, auc = pixels.loc["error_2d"], pixels.loc["auc_2d"]
        title += f" (mean 2D error {error['value']:.2f} px, 2D AUC {auc['value']:.1f} %, "
        title += f"{_percent(error['fraction'], 1)} of the 2D there)"
    rows = rows[rows["method"] != PIXELS]
    known = set(zip(rows["group"], rows["metric"]))
    shown = [pair for pair in SHOWN if pair in known]
    columns = ["method"]
    columns += [_head(group, metric) for group, metric in shown]
    lines = []
    for method, part in rows.groupby("method", sort=False):
        cells = part.set_index(["group", "metric"])
        lines.append([str(method), *(_figure(cells, pair) for pair in shown), _coverage(cells)])
    kind = "oracle" if setting == "oracle" else "detected"
    for row in published:
        if row.setting == kind:
            ours = {("full", "mpjpe"): row.mpjpe, ("full", "p_mpjpe"): row.p_mpjpe}
            lines.append([row.method, *(_plain(ours.get(pair)) for pair in shown), NONE])
    return Table(title, (*columns, "coverage"), lines)


def _figure(cells: pd.DataFrame, pair: tuple[str, str]) -> str:
    """Return a figure, the MPJPE with its interval."""
    row = cells.loc[pair]
    text = _plain(row["value"])
    if pair[1] == "mpjpe" and np.isfinite(row["low"]) and np.isfinite(row["high"]):
        text += f" [{_plain(row['low'])}, {_plain(row['high'])}]"
    return text


def _coverage(cells: pd.DataFrame) -> str:
    return _percent(cells.loc[("full", "mpjpe")]["fraction"], 2)


def _percent(fraction: float, digits: int) -> str:
    """Return a fraction in percent, rounded down: 100 % is all."""
    steps = 10**digits
    return f"{math.floor(fraction * 100 * steps + 1e-9) / steps:.{digits}f}%"


def _plain(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return NONE
    return f"{value:.2f}" if value >= 0.01 else f"{value:.1e}" if value else "0"


def _head(group: str, metric: str) -> str:
    unit = METRICS[metric].unit
    label = METRICS[metric].label.removeprefix(f"{group} ")
    return f"{group} {label} {'°' if unit == 'degree' else unit}"
