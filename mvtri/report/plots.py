"""The flat plots of a report, as plain plotly data and layout: colours of the page are filled in by the page."""

from typing import Any

import numpy as np

from mvtri.report import colours
from mvtri.report.recording import Recording
from mvtri.report.summary import STATUS_WORDS, CameraSummary, median
from mvtri.report.viewer import compact, plain
from mvtri.tracks import Status

MAX_COLUMNS = 600  # of a picture over time: about one a pixel
Figure = dict[str, Any]


def bins(count: int, limit: int = MAX_COLUMNS) -> np.ndarray:
    """Return where each of at most `limit` equal stretches of `count` frames starts, and `count` at the end."""
    return np.unique(np.linspace(0, count, min(count, limit) + 1).astype(np.intp))


def coverage_over_time(recording: Recording) -> Figure:
    """Return the share of keypoints that have a 3D point over time, one line a person, in percent."""
    edges = bins(len(recording.times))
    present = recording.present.mean(axis=2)
    data = []
    for person, name in enumerate(recording.people):
        share = np.add.reduceat(present[:, person], edges[:-1]) / np.diff(edges)
        line = {
            "color": colours.person_colour(person) if len(recording.people) > 1 else colours.USED,
            "width": 1.8,
        }
        line |= {"shape": "hv"} if len(edges) < 3 else {}
        data.append({"type": "scatter", "mode": "lines" if len(edges) > 2 else "markers", "name": plain(name),
                     "x": compact(recording.times[edges[:-1]], 4), "y": compact(100 * share, 2), "line": line,
                     "hovertemplate": "%{y:.1f} %<extra>%{fullData.name}</extra>"})  # fmt: skip
    layout = {"height": 170, "yaxis": {"range": [-3, 103], "title": {"text": "covered (%)"}, "nticks": 4},
              "xaxis": {"title": {"text": recording.time_label}}, "showlegend": len(recording.people) > 1,
              "margin": {"l": 120, "r": 12, "t": 8, "b": 42}}  # fmt: skip
    return {"data": data, "layout": layout}


def status_over_time(recording: Recording, person: int) -> Figure:
    """Return a picture of keypoint by time in the colours of the statuses, of one person."""
    edges = bins(len(recording.times))
    used = sorted({int(code) for code in np.unique(recording.status)} & {int(status) for status in Status})
    grid = _commonest(recording.status[:, person].T, edges)
    known = [Status(code) for code in used] or [Status.OK]
    index = {int(status): place for place, status in enumerate(known)}
    z = np.vectorize(lambda code: index.get(int(code), -1), otypes=[np.int64])(grid)
    scale = []
    for place, status in enumerate(known):
        colour = colours.STATUS[status]
        scale += [[place / len(known), colour], [(place + 1) / len(known), colour]]
    words = [[STATUS_WORDS[known[value]] if value >= 0 else "" for value in row] for row in z]
    trace = {"type": "heatmap", "z": z.tolist(), "x": compact(recording.times[edges[:-1]], 4),
             "y": [plain(name) for name in recording.keypoints], "colorscale": scale, "zmin": -0.5,
             "zmax": len(known) - 0.5, "showscale": False, "ygap": 1, "text": words,
             "hovertemplate": "%{y}<br>%{x}<br>%{text}<extra></extra>"}  # fmt: skip
    layout = {"height": 90 + 15 * len(recording.keypoints), "margin": {"l": 120, "r": 12, "t": 8, "b": 42},
              "yaxis": {"autorange": "reversed", "tickfont": {"size": 10}, "dtick": 1, "showgrid": False},
              "xaxis": {"title": {"text": recording.time_label}, "showgrid": False}}  # fmt: skip
    return {"data": [trace], "layout": layout}


def coverage_by_keypoint(recording: Recording) -> Figure:
    """Return bars: the share of frames in which each keypoint has a 3D point, in percent, all people together."""
    share = (
        100 * recording.present.mean(axis=(0, 1))
        if recording.present.size
        else np.zeros(len(recording.keypoints))
    )
    bar = {"type": "bar", "orientation": "h", "x": compact(share, 2), "marker": {"color": colours.USED},
           "y": [plain(name) for name in recording.keypoints], "hovertemplate": "%{y}: %{x:.1f} %<extra></extra>"}  # fmt: skip
    layout = {"height": 90 + 15 * len(recording.keypoints), "margin": {"l": 120, "r": 12, "t": 8, "b": 42},
              "bargap": 0.3, "xaxis": {"range": [0, 100], "title": {"text": "frames with a 3D point (%)"}},
              "yaxis": {"autorange": "reversed", "tickfont": {"size": 10}, "dtick": 1, "showgrid": False}}  # fmt: skip
    return {"data": [bar], "layout": layout}


def residuals_by_camera(recording: Recording) -> Figure:
    """Return boxes of the reprojection errors of each camera: all views of score >= 0.3, and those used."""
    counted, residual = recording.counted, recording.residual
    assert counted is not None and residual is not None
    groups = [("all views of score ≥ 0.3", counted, "#7d8797")]
    if recording.inlier is not None:
        groups.append(("views used", counted & recording.inlier, colours.USED))
    names = [plain(name) for name in recording.cameras]
    data = []
    for label, mask, colour in groups:
        columns = [residual[..., index][mask[..., index]] for index in range(len(names))]
        data.append(_boxes(label, colour, columns) | {"x": names})
    layout = {"height": 340, "boxmode": "group", "yaxis": {"title": {"text": "reprojection error (px)"}, "rangemode":
              "tozero"}, "xaxis": {"type": "category"}, "legend": _LEGEND_ABOVE}  # fmt: skip
    return {"data": data, "layout": layout}


def residuals_by_keypoint(recording: Recording) -> Figure:
    """Return boxes of the reprojection errors of each keypoint, over all cameras and views of score >= 0.3."""
    counted, residual = recording.counted, recording.residual
    assert counted is not None and residual is not None
    columns = [residual[:, :, index][counted[:, :, index]] for index in range(len(recording.keypoints))]
    trace = _boxes("all views of score ≥ 0.3", "#7d8797", columns, across=True)
    trace |= {"y": [plain(name) for name in recording.keypoints]}
    layout = {"height": 90 + 15 * len(columns), "margin": {"l": 120, "r": 12, "t": 8, "b": 42},
              "xaxis": {"title": {"text": "reprojection error (px)"}, "rangemode": "tozero"}, "showlegend": False,
              "yaxis": {"autorange": "reversed", "tickfont": {"size": 10}, "dtick": 1, "showgrid": False}}  # fmt: skip
    return {"data": [trace], "layout": layout}


def residual_grid(recording: Recording) -> Figure:
    """Return a picture of keypoint by camera: the median reprojection error over views of score >= 0.3."""
    counted, residual = recording.counted, recording.residual
    assert counted is not None and residual is not None
    grid = np.full((len(recording.keypoints), len(recording.cameras)), np.nan)
    for k in range(grid.shape[0]):
        for c in range(grid.shape[1]):
            grid[k, c] = median(residual[:, :, k, c][counted[:, :, k, c]])
    top = float(np.nanmax(grid)) if np.isfinite(grid).any() else 1.0
    trace = {"type": "heatmap", "z": compact(grid, 2), "x": [plain(name) for name in recording.cameras],
             "y": [plain(name) for name in recording.keypoints], "colorscale": [list(s) for s in colours.SEQUENCE],
             "zmin": 0, "zmax": top, "xgap": 2, "ygap": 1, "texttemplate": "%{z:.1f}", "textfont": {"size": 10},
             "showscale": False, "hovertemplate": "%{y}, %{x}: %{z:.2f} px<extra></extra>"}  # fmt: skip
    layout = {"height": 90 + 15 * len(recording.keypoints), "margin": {"l": 120, "r": 12, "t": 8, "b": 42},
              "xaxis": {"type": "category", "showgrid": False}, "yaxis": {"autorange": "reversed", "dtick": 1,
              "tickfont": {"size": 10}, "showgrid": False}}  # fmt: skip
    return {"data": [trace], "layout": layout}


def views_by_camera(rows: list[CameraSummary]) -> Figure:
    """Return stacked bars: the shares of each camera's views that were used, rejected, or have no 3D point."""
    parts = [("used", colours.USED, [row.used for row in rows]),
             ("rejected", colours.REJECTED, [row.rejected for row in rows]),
             ("no 3D point", colours.NO_POINT, [row.no_point for row in rows])]  # fmt: skip
    total = np.maximum(np.sum([values for _, _, values in parts], axis=0), 1)
    data = [{"type": "bar", "orientation": "h", "name": label, "marker": {"color": colour},
             "y": [plain(row.name) for row in rows], "x": compact(100 * np.array(values) / total, 2),
             "customdata": values, "hovertemplate": "%{x:.1f} % (%{customdata})<extra>%{fullData.name}</extra>"}
            for label, colour, values in parts]  # fmt: skip
    layout = {"height": 110 + 34 * len(rows), "barmode": "stack", "bargap": 0.35, "legend": _LEGEND_ABOVE,
              "xaxis": {"range": [0, 100], "title": {"text": "views of score ≥ 0.3 (%)"}},
              "yaxis": {"autorange": "reversed", "type": "category", "showgrid": False},
              "margin": {"l": 120, "r": 12, "t": 34, "b": 42}}  # fmt: skip
    return {"data": data, "layout": layout}


_LEGEND_ABOVE = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}


def _boxes(name: str, colour: str, columns: list[np.ndarray], across: bool = False) -> dict[str, Any]:
    """Boxes of 5, 25, 50, 75 and 95 percent, from the percentiles alone."""
    shares = [5, 25, 50, 75, 95]
    quantiles = np.full((len(columns), 5), np.nan)
    for index, values in enumerate(columns):
        finite = values[np.isfinite(values)]
        if finite.size:
            quantiles[index] = np.percentile(finite, shares)
    low, q1, middle, q3, high = (compact(column, 3) for column in quantiles.T)
    return {"type": "box", "name": name, "orientation": "h" if across else "v", "lowerfence": low, "q1": q1,
            "median": middle, "q3": q3, "upperfence": high, "marker": {"color": colour}, "line": {"width": 1.4},
            "fillcolor": colour + "44"}  # fmt: skip


def _commonest(codes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the commonest code (K, B) of each row of `codes` (K, T) in each stretch; a tie goes to the higher."""
    highest = int(codes.max(initial=0))
    counts = np.stack(
        [np.add.reduceat((codes == c).astype(np.int64), edges[:-1], axis=1) for c in range(highest + 1)]
    )
    return highest - counts[::-1].argmax(axis=0)
