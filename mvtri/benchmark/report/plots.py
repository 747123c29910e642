"""The plots of a benchmark as plain plotly data and layout; the page fills in its own colours and fonts."""

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from mvtri.benchmark.lookup import ROUNDING, Lookup, Score
from mvtri.report.html import colours
from mvtri.report.html.plotly_values import compact
from mvtri.report.reconstruction.plots import LEGEND, Figure

LABEL = 24  # letters in a line of a label
ROW = 34  # height of a row of two lines, px
CAMERAS_HEIGHT, NOISE_HEIGHT, SHARES_HEIGHT = 380, 420, 360  # px
_RMS = "root mean square error (mm)"
SHOWN_FIRST = 95.0  # percent of the errors of the methods chosen first that a distribution shows
FULL, SPINE = "#2a7de1", colours.SPINE
SERIES = (
    ("full", "mpjpe", FULL, "circle"),
    ("full", "p_mpjpe", FULL, "diamond-open"),
    ("spine", "mpjpe", SPINE, "circle"),
    ("spine", "p_mpjpe", SPINE, "diamond-open"),
)


def label(name: str, lines: int = 2) -> str:
    """Return a name as plotly shows it beside an axis: in short lines, cut where it is too long."""
    limit = LABEL * lines - 4
    name = name if len(name) <= limit else name[: limit - 1] + "…"
    parts = textwrap.wrap(name, LABEL) or [""]
    return "<br>".join(escape(part, quote=False) for part in parts)


def matters(values: Sequence[float | None]) -> bool:
    """Whether any of these errors, mm, is more than the rounding of arithmetic."""
    return any(value is not None and value > ROUNDING for value in values)


def rows_height(count: int) -> int:
    """Return the height in px of a plot with a row for each of `count` names."""
    return 96 + ROW * max(count, 2)


def keypoints_height(names: Sequence[str]) -> int:
    """Return the height in px of `by_keypoint`."""
    return 64 + 20 * max(len(names), 3)


def overview(lookup: Lookup, setting: str) -> Figure:
    """Return dots with their intervals: a row for each method, and for each published one."""
    published = lookup.published(setting)
    methods = lookup.methods_of(setting)
    names = methods + [str(row["method"]) for row in published]
    data = []
    for group, metric, colour, symbol in SERIES:
        if not lookup.known(setting, group, metric):
            continue
        scores = [lookup.score(setting, method, group, metric) for method in methods]
        name = f"{group} {lookup.metrics[metric]['label']}"
        lane = {"offsetgroup": f"{group} {metric}"}
        data.append(_dots(name, colour, symbol, methods, scores) | lane)
        if group == "full" and published:
            trace = _dots(name, colours.TRUTH, symbol, names[len(methods) :], [])
            data.append(trace | lane | {"x": [row[metric] for row in published], "showlegend": False})
    values = [value for trace in data for value in trace["x"] if value is not None]
    layout = _rows_layout(names, "error (mm)") | {"legend": LEGEND, "height": rows_height(len(names))}
    layout |= {"scattermode": "group", "scattergap": 0.25}
    if values and min(values) > 0.1 and max(values) > 20 * float(np.median(values)):
        layout["xaxis"] = _log_axis("error (mm)", values)
    return {"data": data, "layout": layout}


def by_key(lookup: Lookup, setting: str, by: str, group: str) -> Figure:
    """Return dots with their intervals: a row for each subject or action, a dot for each method."""
    keys = lookup.keys(setting, by)
    data = []
    for method in lookup.methods_of(setting, by):
        scores = [lookup.score(setting, method, group, "mpjpe", by, key) for key in keys]
        index = lookup.methods.index(method)
        trace = _dots(method, colours.method_colour(index), "circle", keys, scores)
        data.append(trace | _of_method(index))
    layout = _rows_layout(keys, lookup.head(group, "mpjpe"))
    layout |= {"scattermode": "group", "scattergap": 0.35, "showlegend": False}
    return {"data": data, "layout": layout | {"height": rows_height(len(keys))}}


def by_keypoint(lookup: Lookup, setting: str, names: Sequence[str]) -> Figure:
    """Return a bar for each keypoint by the best method, and dots by the others."""
    ranked = lookup.ranked(setting)
    data = []
    for method in lookup.methods_of(setting, "keypoint"):
        index = lookup.methods.index(method)
        colour = colours.method_colour(index)
        scores = [lookup.score(setting, method, "full", "mpjpe", "keypoint", name) for name in names]
        dots = _dots(method, colour, "circle", names, scores)
        if [method] == ranked[:1]:
            bar = {key: dots[key] for key in ("name", "orientation", "x", "y", "customdata", "hovertemplate")}
            dots = bar | {"type": "bar", "marker": {"color": colour + "88"}}
        else:
            dots.pop("error_x")
        data.append(dots | _of_method(index))
    data.sort(key=lambda trace: trace["type"] != "bar")
    layout = _rows_layout(names, lookup.head("full", "mpjpe")) | {"showlegend": False, "bargap": 0.3}
    return {"data": data, "layout": layout | {"height": keypoints_height(names)}}


def by_camera_count(lookup: Lookup, setting: str, method: str) -> Figure:
    """Return a point for each subset of the cameras, and a line through the means of each count."""
    subsets = lookup.keys(setting, "cameras")
    counts = sorted(lookup.keys(setting, "camera count"), key=int)
    data: list[dict[str, Any]] = []
    for group, shift, colour in (("full", -0.05, FULL), ("spine", 0.05, SPINE)):
        means = [lookup.score(setting, method, group, "mpjpe", "camera count", count) for count in counts]
        if means[0] is None:
            continue
        dots = [lookup.value(setting, method, group, "mpjpe", "cameras", names) for names in subsets]
        dot: Figure = {
            "type": "scatter",
            "mode": "markers",
            "name": f"{group}, each subset",
            "y": _rounded(dots),
        }
        dot |= {"x": [names.count("+") + 1 + shift for names in subsets]}
        dot |= {"text": [label(names, 4) for names in subsets], "hovertemplate": "%{text}<br>%{y:.2f} mm"}
        dot |= {"marker": {"color": colour, "size": 8, "opacity": 0.55}}
        line: Figure = {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"{group}, mean",
        }
        line |= {"x": [int(count) + shift for count in counts], "y": _rounded([_value(m) for m in means])}
        line |= {"error_y": _interval(means, colour), "hovertemplate": "all subsets: %{y:.2f} mm"}
        bar = {"color": colour, "size": 18, "symbol": "line-ew", "line": {"width": 3, "color": colour}}
        data += [dot, line | {"line": {"color": colour, "width": 1.6}, "marker": bar}]
    ticks = [int(count) for count in counts]
    layout: Figure = {
        "height": CAMERAS_HEIGHT,
        "legend": LEGEND,
        "margin": {"l": 56, "r": 12, "t": 34, "b": 44},
        "xaxis": {"title": {"text": "cameras"}, "tickvals": ticks, "showgrid": False},
        "yaxis": {"title": {"text": "MPJPE (mm)"}, "rangemode": "tozero"},
    }
    layout["xaxis"]["range"] = [min(ticks) - 0.35, max(ticks) + 0.35]
    return {"data": data, "layout": layout}


def against_noise(sweep: Mapping[str, Any], methods: Sequence[str], ratio: bool = False) -> Figure:
    """Return root mean square errors over the noise of the 2D, both logarithmic, and the bound below them.

    With `ratio` the errors are divided by the bound.
    """
    noise, floor = sweep["sigma"], sweep["floor"]
    names = [name for name in sweep if name not in ("sigma", "points", "floor", "fractions")]
    curves = {"Cramér–Rao floor": (floor, {"color": colours.TRUTH, "width": 3, "dash": "dash"}, "lines")}
    for index, name in enumerate(names):
        colour = colours.method_colour(methods.index(name) if name in methods else len(methods) + index)
        curves[name] = (sweep[name], {"color": colour, "width": 2}, "lines+markers")
    data = []
    for name, (values, line, mode) in curves.items():
        if ratio:
            values = [value / least if value and least else None for value, least in zip(values, floor)]
        trace: Figure = {
            "type": "scatter",
            "name": escape(name, quote=False),
            "mode": mode,
            "line": line,
            "x": noise,
        }
        trace |= {"marker": {"size": 7}, "y": _rounded(values), "cliponaxis": False}
        data.append(trace | {"hovertemplate": "%{y:.3f} × floor" if ratio else "%{y:.2f} mm"})
    values = [value for trace in data for value in trace["y"] if value]
    layout: Figure = {
        "height": NOISE_HEIGHT,
        "legend": LEGEND,
        "hovermode": "x unified",
        "margin": {"l": 60, "r": 14, "t": 34, "b": 44},
        "xaxis": _log_axis("noise of the 2D, standard deviation (px)", noise) | {"tickvals": noise},
        "yaxis": {"title": {"text": "error / floor"}} if ratio else _log_axis(_RMS, values),
    }
    return {"data": data, "layout": layout}


def cumulative(lookup: Lookup, setting: str, group: str) -> Figure:
    """Return for each method the share of all keypoints whose error is known and at most x mm."""
    data, reach = [], lookup.bin * 10
    for method in lookup.methods_of(setting):
        counts = lookup.histograms.get((setting, method, group))
        score = lookup.score(setting, method, group, "mpjpe")
        if not counts or score is None or not score["fraction"]:
            continue
        share = 100 * np.cumsum([0, *counts[:-1]]) * (score["fraction"] / sum(counts))
        edges = lookup.bin * np.arange(len(counts))
        if method in lookup.chosen:
            at = min(int(np.searchsorted(share, SHOWN_FIRST)), len(edges) - 1)
            reach = max(reach, float(edges[at]))
        last = int(np.searchsorted(share, share[-1])) + 1  # what follows is flat
        index = lookup.methods.index(method)
        line = {"color": colours.method_colour(index), "width": 2}
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": escape(method, quote=False),
                "x": compact(np.append(edges[:last], edges[-1]), 3),
                "y": compact(np.append(share[:last], share[-1]), 3),
                "line": line,
                "hovertemplate": "%{y:.1f} % within %{x:g} mm",
            }
            | _of_method(index)
        )
    layout = {
        "height": SHARES_HEIGHT,
        "showlegend": False,
        "margin": {"l": 56, "r": 14, "t": 10, "b": 44},
        "xaxis": {"title": {"text": f"error, {group} (mm)"}, "range": [0, reach]},
        "yaxis": {"title": {"text": "keypoints within it (%)"}, "range": [0, 101]},
    }
    return {"data": data, "layout": layout}


def _dots(
    name: str, colour: str, symbol: str, rows: Sequence[str], scores: Sequence[Score | None]
) -> dict[str, Any]:
    """Return a dot with its interval for each row."""
    return {
        "type": "scatter",
        "mode": "markers",
        "orientation": "h",
        "name": escape(name, quote=False),
        "x": _rounded([_value(score) for score in scores]),
        "y": [escape(row, quote=False) for row in rows],
        "customdata": [_interval_text(score) for score in scores],
        "hovertemplate": "%{y}: %{x:.2f} mm%{customdata}",
        "error_x": _interval(scores, colour),
        "marker": {"color": colour, "size": 8, "symbol": symbol, "line": {"width": 1.6, "color": colour}},
        "cliponaxis": False,
    }


def _interval_text(score: Score | None) -> str:
    if score is None or score["low"] is None or score["high"] is None:
        return ""
    return f" [{score['low']:.2f}, {score['high']:.2f}]"


def _interval(scores: Sequence[Score | None], colour: str) -> dict[str, Any]:
    above, below = [], []
    for score in scores:
        known = score is not None and None not in (score["value"], score["low"], score["high"])
        above.append(score["high"] - score["value"] if score is not None and known else None)
        below.append(score["value"] - score["low"] if score is not None and known else None)
    style = {"color": colour + "99", "thickness": 1.6, "width": 3}
    return style | {
        "type": "data",
        "symmetric": False,
        "array": _rounded(above),
        "arrayminus": _rounded(below),
    }


def _of_method(index: int) -> dict[str, Any]:
    """Return the mark by which the page shows and hides the traces of a method."""
    return {"meta": {"method": index}}


def _rows_layout(names: Sequence[str], title: str) -> dict[str, Any]:
    across: dict[str, Any] = {"type": "category", "range": [len(names) - 0.5, -0.5]}
    across |= {"tickfont": {"size": 11}, "ticks": "outside", "ticklen": 7, "tickcolor": "rgba(0,0,0,0)"}
    across["layer"] = "below traces"
    across |= {
        "tickvals": [escape(name, quote=False) for name in names],
        "ticktext": [label(name) for name in names],
    }
    return {
        "margin": {"l": 110, "r": 14, "t": 10, "b": 44},
        "xaxis": {"title": {"text": title}, "rangemode": "tozero", "layer": "below traces"},
        "yaxis": across,
    }


def _log_axis(title: str, values: Sequence[float]) -> dict[str, Any]:
    """Return a logarithmic axis for positive values, marked at 1, 2 and 5 of each power of ten."""
    ends = np.log10([0.9 * min(values, default=1.0), 1.1 * max(values, default=10.0)])
    powers = range(int(np.floor(ends[0])), int(np.ceil(ends[1])))
    ticks = [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
    return {"title": {"text": title}, "type": "log", "range": compact(ends, 4), "tickvals": ticks}


def _value(score: Score | None) -> float | None:
    return None if score is None else score["value"]


def _rounded(values: Sequence[float | None]) -> list[Any]:
    return compact(np.array([np.nan if value is None else value for value in values]), 4)
