"""The tables of a benchmark: figures with their intervals and the fraction scored, published rows marked."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mvtri.benchmark.lookup import MAIN_FIGURES, ROUNDING, Lookup, Score
from mvtri.benchmark.tables import percent
from mvtri.diagnostics.summary import as_text
from mvtri.report.html.markup import Entry, table

GROUPS = ("full", "spine")
GROUP_TITLES = {"full": "Full skeleton", "spine": "Spine"}
BASELINE = "dlt"
NONE = "–"


def overall_table(lookup: Lookup, setting: str) -> str:
    """Return the main figures of each method, and the published ones below, marked as such."""
    columns = lookup.main_figures(setting)
    best = _best(lookup, setting, columns)
    heads = ["method", *(lookup.head(*pair) for pair in columns), "covered"]
    compared = _is_compared(lookup, setting)
    heads += ["against DLT"] if compared else []
    rows: list[list[Any]] = []
    methods = lookup.methods_of(setting)
    for method in methods:
        row = _figures(lookup, setting, method, columns, best)
        rows.append([*row, _gain(lookup, setting, method)] if compared else row)
    published = lookup.published(setting)
    for one in published:
        rows.append([*_published(one, columns), *[None] * (1 + compared)])
    kinds = [""] * len(methods) + ["published"] * len(published)
    return f'<div class="wide">{table(heads, rows, kinds)}</div>'


def further_table(lookup: Lookup, setting: str, group: str) -> str:
    """Return all figures of a group that are not in the main table; ``""`` where there are none."""
    others = [(group, metric) for metric in lookup.metrics if (group, metric) not in MAIN_FIGURES]
    columns = [pair for pair in others if lookup.known(setting, *pair)]
    if group == "full":
        columns = [pair for pair in columns if pair[1] not in ("spine_angle", "trunk_angle")]
    if not columns:
        return ""
    heads = ["method", *(lookup.head(*pair).removeprefix(f"{group} ") for pair in columns), "covered"]
    best = _best(lookup, setting, columns)
    rows = [_figures(lookup, setting, method, columns, best) for method in lookup.methods_of(setting)]
    return f'<div class="wide">{table(heads, rows)}</div>'


def key_table(lookup: Lookup, setting: str, by: str, keys: Sequence[str], group: str) -> str:
    """Return MPJPE by subject, action, keypoint or cameras, a column for each method."""
    methods = lookup.methods_of(setting, by)
    rows = [
        [
            Entry(key, number=False),
            *(entry(lookup.score(setting, method, group, "mpjpe", by, key)) for method in methods),
        ]
        for key in keys
    ]
    return f'<div class="wide">{table([by, *methods], rows)}</div>'


def subset_table(lookup: Lookup, setting: str, method: str) -> str:
    """Return a row for each subset of the cameras, few cameras first, then by the error."""
    columns = lookup.main_figures(setting)
    names = sorted(
        lookup.keys(setting, "cameras"),
        key=lambda key: (
            key.count("+"),
            lookup.value(setting, method, "full", "mpjpe", "cameras", key) or math.inf,
        ),
    )
    rows = [
        [key, *(entry(lookup.score(setting, method, *pair, "cameras", key)) for pair in columns)]
        for key in names
    ]
    return f'<div class="wide">{table(["cameras", *(lookup.head(*pair) for pair in columns)], rows)}</div>'


def noise_table(sweep: Mapping[str, Any]) -> str:
    """Return root mean square errors by noise, each also as a multiple of the bound."""
    names = [name for name in sweep if name not in ("sigma", "points", "floor", "fractions")]
    rows = []
    for index, sigma in enumerate(sweep["sigma"]):
        floor = sweep["floor"][index]
        cells = [f"{sigma:g}", Entry(as_text(floor))]
        for name in names:
            value = sweep[name][index]
            note = f"{value / floor:.3f} × floor" if floor and value is not None else ""
            fraction = sweep.get("fractions", {}).get(name, [1.0] * (index + 1))[index]
            cells.append(Entry(as_text(value), note + ("" if fraction == 1 else f", of {fraction:.2%}")))
        rows.append(cells)
    return table(["noise (px)", "floor (mm)", *(f"{name} (mm)" for name in names)], rows)


def entry(score: Score | None, best: bool = False, covered: float | None = 1.0) -> Entry:
    """Return a figure, its interval, and the fraction that it is about where that is not `covered`."""
    if score is None or score["value"] is None:
        return Entry(NONE)
    notes = []
    if score["low"] is not None and score["high"] is not None:
        notes.append(f"{as_text(score['low'])} – {as_text(score['high'])}")
    if score["fraction"] is not None and score["fraction"] != covered:
        notes.append(f"of {share(score['fraction'])}")
    return Entry(as_text(score["value"]), "  ".join(notes), best=best)


def share(fraction: float | None) -> str:
    """Return a fraction as percent, never rounded up to all of it."""
    if fraction is None:
        return NONE
    return f"{percent(fraction, 2):.2f} %" if fraction < 1 else "100 %"


def _figures(
    lookup: Lookup,
    setting: str,
    method: str,
    columns: Sequence[tuple[str, str]],
    best: Mapping[tuple[str, str], set[str]],
) -> list[Any]:
    whole = lookup.score(setting, method, "full", "mpjpe")
    covered = None if whole is None else whole["fraction"]
    cells = [
        entry(lookup.score(setting, method, *pair), method in best.get(pair, ()), covered) for pair in columns
    ]
    return [Entry(method, number=False), *cells, Entry(share(covered))]


def _best(
    lookup: Lookup, setting: str, columns: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], set[str]]:
    """Return for each column those of the methods that compete that show the best figure, unless all do."""
    found = {}
    for pair in columns:
        values = {method: lookup.value(setting, method, *pair) for method in lookup.rivals(setting)}
        known = {method: value for method, value in values.items() if value is not None}
        if known:
            if pair[1] == "in_ellipsoid":  # neither much nor little is good
                continue
            choose = max if lookup.metrics[pair[1]]["unit"] == "%" else min
            top = as_text(choose(known.values()))
            best = {method for method, value in known.items() if as_text(value) == top}
            found[pair] = best if len(best) < len(known) else set()
    return found


def _is_compared(lookup: Lookup, setting: str) -> bool:
    return (lookup.value(setting, BASELINE, "full", "mpjpe") or 0.0) > ROUNDING


def _gain(lookup: Lookup, setting: str, method: str) -> Entry:
    base, value = (lookup.value(setting, name, "full", "mpjpe") for name in (BASELINE, method))
    if method == BASELINE or base is None or value is None:
        return Entry(NONE)
    percent = round(100 * (value / base - 1), 1)
    return Entry(f"{percent:+.1f} %".replace("-", "−") if percent else "0.0 %")


def _published(row: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> list[Any]:
    name = Entry(str(row["method"]).removeprefix("published: "), badge="published", number=False)
    return [
        name,
        *(Entry(as_text(row.get(metric) if group == "full" else None)) for group, metric in columns),
    ]
