"""Results as tables of text: one per setting, the published rows below and marked as such."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from mvtri.benchmark.lookup import PIXELS, Lookup, Score
from mvtri.benchmark.results import BenchmarkResults
from mvtri.files import atomic_file

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


def save_tables(path: Path, results: BenchmarkResults) -> None:
    """Write the tables of `overall_tables` as Markdown, each below its title."""
    texts = [f"## {table.title}\n\n{table.markdown()}\n" for table in overall_tables(results)]
    with atomic_file(path) as temporary:
        temporary.write_text("\n".join(texts), encoding="utf-8")


def overall_tables(results: BenchmarkResults) -> list[Table]:
    """Return a table for each setting: methods, errors with their 95 % intervals, coverage."""
    return [_setting_table(results.lookup, setting) for setting in results.lookup.settings]


def percent(fraction: float, digits: int) -> float:
    """Return a fraction in percent, rounded down to that many digits: 100 % is all."""
    steps = float(10**digits)
    return math.floor(fraction * 100 * steps + 1e-9) / steps


def _title(lookup: Lookup, setting: str) -> str:
    title = setting if lookup.about.get("undistort", True) else f"{setting}, lens distortion ignored"
    unseen = lookup.about["unseen"].get(setting, ())
    if unseen:
        there = len(lookup.keys(setting, "keypoint"))
        title += f", {there} of {there + len(unseen)} keypoints: the 2D has no others"
    error, auc = (lookup.score(setting, PIXELS, "full", metric) for metric in ("error_2d", "auc_2d"))
    if error is not None and auc is not None:
        title += f" (mean 2D error {error['value']:.2f} px, 2D AUC {auc['value']:.1f} %, "
        title += f"{percent(error['fraction'], 1):.1f}% of the 2D present)"
    return title


def _setting_table(lookup: Lookup, setting: str) -> Table:
    shown = lookup.main_figures(setting)
    columns = [" ".join(lookup.label(*pair)) for pair in shown]
    lines = []
    for method in lookup.planned_methods(setting):
        found = [lookup.score(setting, method, *pair) for pair in shown]
        cells = [_figure(score, with_interval=pair[1] == "mpjpe") for pair, score in zip(shown, found)]
        lines.append([method, *cells, _coverage(lookup.score(setting, method, "full", "mpjpe"))])
    for row in lookup.published(setting):
        theirs = [row.get(metric) if group == "full" else None for group, metric in shown]
        lines.append([row["method"], *map(_plain, theirs), NONE])
    return Table(_title(lookup, setting), ("method", *columns, "coverage"), lines)


def _figure(score: Score | None, with_interval: bool) -> str:
    if score is None:
        return NONE
    text = _plain(score["value"])
    if with_interval and score["low"] is not None and score["high"] is not None:
        text += f" [{_plain(score['low'])}, {_plain(score['high'])}]"
    return text


def _coverage(score: Score | None) -> str:
    return NONE if score is None else f"{percent(score['fraction'], 2):.2f}%"


def _plain(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:.2f}" if value >= 0.01 else f"{value:.1e}" if value else "0"
