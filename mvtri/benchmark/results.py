"""Results: every figure as a row, looked up by what it is of, and written to files and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mvtri.benchmark.lookup import Lookup
from mvtri.benchmark.published import published_for
from mvtri.benchmark.tally import BIN, METRICS
from mvtri.csv_cells import escape_cell
from mvtri.errors import InputError
from mvtri.files import atomic_file

COLUMNS = (
    *("setting", "method", "by", "key", "group", "metric", "unit"),
    *("value", "low", "high", "fraction", "count"),
)
PARTS = ("about", "rows", "histograms", "sweep", "metrics", "published")  # of the JSON form


def _metric_labels() -> dict[str, dict[str, str]]:
    return {name: {"label": metric.label, "unit": metric.unit} for name, metric in METRICS.items()}


@dataclass(frozen=True)
class BenchmarkResults:
    """What a benchmark found.

    Attributes
    ----------
    about : dict
        Dataset, plan, versions, what was left out, seconds.
    rows : pandas.DataFrame
        One row per figure: `setting`, `method` (``""`` is the 2D itself), `by` (``"all"``, ``"subject"``,
        ``"action"``, ``"keypoint"``, ``"cameras"``, ``"camera count"``) and `key` (which subject, ...),
        `group` of keypoints, `metric`, `unit`, `value`, `low` and `high` (95 % interval by bootstrap over
        sequences; NaN with fewer than two), `fraction` scored of what was expected, and `count` scored.
    histograms : list of dict
        ``setting, method, group, counts``: errors by bins of `bin` mm, the last one without end.
    sweep : dict
        ``sigma`` (px), ``floor`` and methods (root mean square, mm), ``points``, and ``fractions`` of them
        that each method answers; empty without a sweep.
    bin : float
        mm.
    metrics : dict
        By the name of a metric its ``label`` and ``unit``.
    published : list of dict or None
        Rows that others published for the same task; those of `published_for` where None.
    """

    about: dict[str, Any]
    rows: pd.DataFrame
    histograms: list[dict[str, Any]]
    sweep: dict[str, Any]
    bin: float = BIN
    metrics: Mapping[str, Mapping[str, str]] = field(default_factory=_metric_labels)
    published: Sequence[Mapping[str, Any]] | None = None

    @cached_property
    def lookup(self) -> Lookup:
        """The figures by what they are of."""
        rows, published = self._records(), self._published()
        histograms = {(one["setting"], one["method"], one["group"]): one["counts"] for one in self.histograms}
        return Lookup(self.about, rows, self.metrics, published, histograms, self.sweep, self.bin)

    def value(self, setting: str, method: str, metric: str, group: str = "full") -> float:
        """Return one overall figure; NaN where there is none."""
        found = self.lookup.value(setting, method, group, metric)
        return float("nan") if found is None else found

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold; missing figures are null."""
        return {
            "about": self.about,
            "rows": self._records(),
            "histograms": {"bin_mm": self.bin, "of": self.histograms},
            "sweep": self.sweep,
            "metrics": dict(self.metrics),
            "published": self._published(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> BenchmarkResults:
        """Return the results that `to_json` wrote.

        Raises
        ------
        InputError
            If something is missing.
        """
        lacking = ", ".join(part for part in PARTS if part not in stored)
        if lacking:
            raise InputError(
                f"the results lack {lacking}; pass what to_json returns or what results.json holds"
            )
        return cls(
            dict(stored["about"]),
            pd.DataFrame(list(stored["rows"]), columns=list(COLUMNS)),
            list(stored["histograms"]["of"]),
            dict(stored["sweep"]),
            float(stored["histograms"]["bin_mm"]),
            stored["metrics"],
            stored["published"],
        )

    def save(self, folder: Path) -> None:
        """Write ``results.json`` and ``results.csv``."""
        with atomic_file(folder / "results.json") as temporary:
            text = json.dumps(self.to_json(), indent=1, allow_nan=False)
            temporary.write_text(text + "\n", encoding="utf-8")
        with atomic_file(folder / "results.csv") as temporary:
            rows = self.rows.map(lambda cell: escape_cell(cell) if isinstance(cell, str) else cell)
            rows.to_csv(temporary, index=False, float_format="%.9g")

    def _published(self) -> list[dict[str, Any]]:
        if self.published is None:
            return [asdict(row) for row in published_for(self.rows)]
        return [dict(row) for row in self.published]

    def _records(self) -> list[dict[str, Any]]:
        """Return the rows; None in place of figures that are missing."""
        return [
            {key: None if _is_missing(value) else value for key, value in row.items()}
            for row in self.rows.to_dict(orient="records")
        ]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not np.isfinite(value))
