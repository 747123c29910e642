"""The flat plots of a report as plain plotly data and layout; the page fills in its own colours and fonts."""

from html import escape
from typing import Any

import numpy as np

from mvtri.diagnostics.recording import Recording
from mvtri.diagnostics.summary import STATUS_WORDS, CameraSummary, median_grid
from mvtri.diagnostics.verdicts import BAD_ERROR
from mvtri.report.html import colours
from mvtri.report.html.plotly_values import compact
from mvtri.tracks import Status

MAX_COLUMNS = 600  # of a picture over time: about one per pixel
ROW = 15  # height of a keypoint, px
Figure = dict[str, Any]

LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}
_LEFT = {"l": 116, "r": 12, "t": 8, "b": 44}
_COUNTED = "all views of score ≥ 0.3"


def bins(count: int, limit: int = MAX_COLUMNS) -> np.ndarray:
    """Return the first frame of each of at most `limit` intervals of `count` frames, and then `count`."""
    return np.unique(np.linspace(0, count, min(count, limit) + 1).astype(np.intp))


def rows_height(recording: Recording, extra: int = 64) -> int:
    """Return the height in px of a plot with a row for each keypoint."""
    return extra + ROW * len(recording.keypoints)


def coverage_height(recording: Recording) -> int:
    """Return the height in px of `coverage_over_time`."""
    return rows_height(recording, 160)


def coverage_over_time(recording: Recording, person: int) -> Figure:
    """Return a picture of keypoint by time in the colours of the statuses, the coverage in its margins.

    Above it the share of keypoints that have a 3D point over time; beside it the share of frames in which
    each keypoint has one.
    """
    edges = bins(len(recording.times))
    times = compact(recording.times[edges[:-1]], 4)
    present = recording.present[:, person]
    over_time = np.add.reduceat(present.mean(axis=1), edges[:-1]) / np.diff(edges)
    line: Figure = {
        "type": "scatter",
        "mode": "lines" if len(times) > 1 else "markers",
        "x": times,
        "yaxis": "y2",
    }
    line |= {"y": compact(100 * over_time, 2), "line": {"color": colours.USED, "width": 1.6}}
    line |= {"hovertemplate": "%{y:.1f} % of the keypoints<extra></extra>"}
    names = _names(recording.keypoints)
    bar: Figure = {
        "type": "bar",
        "orientation": "h",
        "x": compact(100 * present.mean(axis=0), 2),
        "y": names,
        "xaxis": "x2",
    }
    bar |= {
        "marker": {"color": colours.USED},
        "hovertemplate": "%{y}: %{x:.1f} % of the frames<extra></extra>",
    }
    picture = _status_picture(recording, person, edges) | {"x": times, "y": names}
    return {"data": [picture, line, bar], "layout": _coverage_layout(recording)}


def _coverage_layout(recording: Recording) -> dict[str, Any]:
    height = coverage_height(recording)
    split = 1 - 70 / height
    right = {"domain": [0.89, 1], "range": [0, 100], "anchor": "y", "nticks": 3}
    above = {"domain": [split, 1], "range": [-4, 104], "nticks": 3}
    return {
        "height": height,
        "margin": _LEFT,
        "bargap": 0.3,
        "showlegend": False,
        "xaxis": {"domain": [0, 0.87], "title": {"text": recording.time_label}, "showgrid": False},
        "xaxis2": right | {"title": {"text": "covered (%)"}},
        "yaxis": _rows_axis() | {"domain": [0, split - 0.03]},
        "yaxis2": above | {"title": {"text": "covered<br>(%)"}},
    }


def _status_picture(recording: Recording, person: int, edges: np.ndarray) -> dict[str, Any]:
    codes = commonest(recording.status[:, person].T, edges)
    used = [status for status in Status if (codes == status).any()] or [Status.OK]
    place = np.full(max(Status) + 1, -1)
    place[[int(status) for status in used]] = range(len(used))
    grid = place[np.clip(codes, 0, max(Status))]
    scale = []
    for index, status in enumerate(used):
        scale += [
            [index / len(used), colours.STATUS[status]],
            [(index + 1) / len(used), colours.STATUS[status]],
        ]
    return {
        "type": "heatmap",
        "z": grid.tolist(),
        "colorscale": scale,
        "zmin": -0.5,
        "zmax": len(used) - 0.5,
        "showscale": False,
        "ygap": 1,
        "text": [[STATUS_WORDS[used[value]] for value in row] for row in grid],
        "hovertemplate": "%{y}<br>%{x}<br>%{text}<extra></extra>",
    }


def residuals_by_camera(recording: Recording) -> Figure:
    """Return boxes of the reprojection errors of each camera: all views of score >= 0.3, and those used."""
    residual, counted = recording.reprojection
    groups = [(_COUNTED, counted, colours.ALL)]
    if recording.inlier is not None:
        groups.append(("of these, the views used", counted & recording.inlier, colours.USED))
    names = _names(recording.cameras)
    data = []
    for label, mask, colour in groups:
        columns = [residual[..., index][mask[..., index]] for index in range(len(names))]
        data.append(_boxes(label, colour, columns) | {"x": names})
    layout = {
        "height": 330,
        "boxmode": "group",
        "legend": LEGEND,
        "margin": {"l": 56, "r": 12, "t": 34, "b": 44},
        "xaxis": {"type": "category", "showgrid": False},
        "yaxis": {"title": {"text": "reprojection error (px)"}, "rangemode": "tozero"},
    }
    return {"data": data, "layout": layout}


def residuals_by_keypoint(recording: Recording) -> Figure:
    """Return boxes of the reprojection errors of each keypoint: views of score >= 0.3 of all cameras."""
    residual, counted = recording.reprojection
    columns = [residual[:, :, index][counted[:, :, index]] for index in range(len(recording.keypoints))]
    trace = _boxes(_COUNTED, colours.ALL, columns, across=True) | {"y": _names(recording.keypoints)}
    layout = {
        "height": rows_height(recording),
        "margin": _LEFT,
        "showlegend": False,
        "xaxis": {"title": {"text": "reprojection error (px)"}, "rangemode": "tozero"},
        "yaxis": _rows_axis(),
    }
    return {"data": [trace], "layout": layout}


def residual_grid(recording: Recording, diagonals: dict[str, float]) -> Figure:
    """Return a picture of keypoint by camera: the median reprojection error over views of score >= 0.3.

    Its colours end where the verdict becomes bad: at 1 % of the image diagonal.
    """
    grid = median_grid(recording)
    known = [diagonals[name] for name in recording.cameras if name in diagonals]
    top = BAD_ERROR * float(np.median(known)) if known else float(np.nanmax(grid, initial=1.0))
    trace = {
        "type": "heatmap",
        "z": compact(grid, 2),
        "x": _names(recording.cameras),
        "y": _names(recording.keypoints),
        "colorscale": [list(stop) for stop in colours.GOOD_TO_BAD],
        "zmin": 0,
        "zmax": top,
        "xgap": 2,
        "ygap": 1,
        "texttemplate": "%{z:.1f}",
        "textfont": {"size": 10.5},
        "showscale": False,
        "hovertemplate": "%{y}, %{x}: %{z:.2f} px<extra></extra>",
    }
    layout = {"height": rows_height(recording), "margin": _LEFT, "yaxis": _rows_axis()}
    return {"data": [trace], "layout": layout | {"xaxis": {"type": "category", "showgrid": False}}}


def views_height(rows: list[CameraSummary]) -> int:
    """Return the height in px of `views_by_camera`."""
    return 110 + 32 * len(rows)


def views_by_camera(rows: list[CameraSummary]) -> Figure:
    """Return bars: the shares of each camera's views that were used, rejected, or have no 3D point."""
    lost = [row.no_point for row in rows]
    if any(row.used is None for row in rows):
        parts = [("with a 3D point", colours.ALL, [row.views - row.no_point for row in rows])]
    else:
        parts = [("used", colours.USED, [row.used or 0 for row in rows])]
        parts.append(("rejected", colours.REJECTED, [row.rejected or 0 for row in rows]))
    parts.append(("no 3D point", colours.NO_POINT, lost))
    total = np.maximum([row.views for row in rows], 1)
    names = _names([row.name for row in rows])
    bar: Figure = {"type": "bar", "orientation": "h", "y": names}
    bar |= {"hovertemplate": "%{x:.1f} % (%{customdata})<extra>%{fullData.name}</extra>"}
    data = [
        bar
        | {
            "name": label,
            "marker": {"color": colour},
            "x": compact(100 * np.array(n) / total, 2),
            "customdata": n,
        }
        for label, colour, n in parts
    ]
    layout = {
        "height": views_height(rows),
        "barmode": "stack",
        "bargap": 0.35,
        "legend": LEGEND,
        "margin": _LEFT | {"t": 34},
        "xaxis": {"range": [0, 100], "title": {"text": "views of score ≥ 0.3 (%)"}},
        "yaxis": {"autorange": "reversed", "type": "category", "showgrid": False},
    }
    return {"data": data, "layout": layout}


def commonest(codes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the commonest code (K, B) of each row of `codes` (K, T) by interval; the highest of a tie."""
    highest = int(codes.max(initial=0))
    counts = [
        np.add.reduceat(codes == code, edges[:-1], axis=1, dtype=np.int64) for code in range(highest + 1)
    ]
    most: np.ndarray = highest - np.stack(counts)[::-1].argmax(axis=0)
    return most


def _boxes(name: str, colour: str, columns: list[np.ndarray], across: bool = False) -> dict[str, Any]:
    """Boxes of 5, 25, 50, 75 and 95 percent, from the percentiles alone."""
    quantiles = np.full((len(columns), 5), np.nan)
    for index, values in enumerate(columns):
        finite = values[np.isfinite(values)]
        if finite.size:
            quantiles[index] = np.percentile(finite, [5, 25, 50, 75, 95])
    parts = ("lowerfence", "q1", "median", "q3", "upperfence")
    box: Figure = {
        "type": "box",
        "name": name,
        "orientation": "h" if across else "v",
        "fillcolor": colour + "44",
    }
    box |= {"marker": {"color": colour}, "line": {"width": 1.4}}
    return box | {part: compact(column, 3) for part, column in zip(parts, quantiles.T)}


def _rows_axis() -> dict[str, Any]:
    return {
        "autorange": "reversed",
        "tickfont": {"size": 10},
        "dtick": 1,
        "showgrid": False,
        "type": "category",
    }


def _names(names: Any) -> list[str]:
    return [escape(name, quote=False) for name in names]
