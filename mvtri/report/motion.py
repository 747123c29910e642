"""Trajectories with their uncertainty, and the spine over time."""

from typing import Any

import numpy as np

from mvtri.report import colours
from mvtri.report.plots import Figure, bins
from mvtri.report.recording import Recording
from mvtri.report.viewer import compact, plain

MAX_POINTS = 1600  # of one curve
MAX_VALUES = 1_500_000  # of all curves together
SPINE_CURVES = 9


def trajectories(recording: Recording, truth: np.ndarray | None) -> dict[str, Any]:
    """Return the curves that the page draws for the person and keypoint that are chosen there.

    Each stretch of frames longer than the picture can show is drawn by its lowest and its highest value, so
    no jump is lost, and by its largest uncertainty.

    Returns
    -------
    dict
        ``times`` (P,); ``people`` and ``keypoints``, their names; ``position`` (N, K, 3, P) in m; ``sigma``
        alike or None; ``truth`` alike or None.
    """
    count, people, points = recording.position.shape[:3]
    kinds = 1 + (recording.sigma is not None) + (truth is not None)
    limit = int(np.clip(MAX_VALUES // max(1, 3 * people * points * kinds), 50, MAX_POINTS))
    edges = np.arange(count + 1) if count <= limit else bins(count, limit // 2)
    position = np.moveaxis(recording.position, 0, -1)
    sigma = None if recording.sigma is None else np.moveaxis(recording.sigma, 0, -1)
    real = None if truth is None else np.moveaxis(_same_people(truth, people), 0, -1)
    if count > limit:
        starts, width = recording.times[edges[:-1]], np.diff(edges)
        ends = recording.times[edges[:-1] + width // 2]
        times = np.stack([starts, ends], axis=-1).reshape(-1)
        position = _extremes(position, edges)
        sigma = None if sigma is None else np.repeat(_largest(sigma, edges), 2, axis=-1)
        real = None if real is None else _extremes(real, edges)
    else:
        times = recording.times
    return {
        "times": compact(times, 4),
        "label": recording.time_label,
        "people": [plain(name) for name in recording.people],
        "keypoints": [plain(name) for name in recording.keypoints],
        "position": compact(position, 4),
        "sigma": None if sigma is None else compact(sigma, 5),
        "truth": None if real is None else compact(real, 4),
        "colours": list(colours.AXES),
        "grey": colours.TRUTH,
    }


def spine_curves(recording: Recording, person: int) -> Figure:
    """Return the spine from the side and from the front at a few moments, metres from its lowest point.

    The side is seen at a right angle to the line from hip to hip (or shoulder to shoulder), with z up; where
    the skeleton has neither, x and y of the world stand for forward and left.
    """
    chain = recording.position[:, person][:, recording.spine]
    whole = np.flatnonzero(np.isfinite(chain).all(axis=(1, 2)))
    chosen = (
        whole[np.unique(np.linspace(0, len(whole) - 1, SPINE_CURVES).astype(int))] if len(whole) else whole
    )
    forward, left = _facing(recording, person)
    data: list[dict[str, Any]] = []
    for place, t in enumerate(chosen):
        offset = chain[t] - chain[t, 0]
        colour = _along(place / max(1, len(chosen) - 1))
        label = f"{recording.times[t]:.2f} s" if recording.clocked else f"frame {recording.times[t]:g}"
        for axis, direction in (("", forward[t]), ("2", -left[t])):
            data.append({"type": "scatter", "mode": "lines+markers", "name": label, "legendgroup": label,
                         "x": compact(offset @ direction, 4), "y": compact(offset[:, 2], 4), "xaxis": f"x{axis}",
                         "yaxis": f"y{axis}", "showlegend": not axis, "line": {"color": colour, "width": 2.5},
                         "marker": {"size": 6, "color": colour}, "hovertemplate": "%{text}<extra>%{fullData.name}"
                         "</extra>", "text": [plain(recording.keypoints[k]) for k in recording.spine]})  # fmt: skip
    upward = {"title": {"text": "up (m)"}, "scaleanchor": "x", "scaleratio": 1}
    layout = {"height": 430, "margin": {"l": 56, "r": 12, "t": 8, "b": 46},
              "xaxis": {"domain": [0, 0.48], "title": {"text": "from the side: forward (m)"}},
              "xaxis2": {"domain": [0.55, 1], "title": {"text": "from behind: right (m)"}, "matches": None},
              "yaxis": upward, "yaxis2": {"anchor": "x2", "scaleanchor": "x2", "matches": "y"}}  # fmt: skip
    return {"data": data, "layout": layout}


def spine_angles(recording: Recording, person: int) -> Figure:
    """Return over time how far the trunk leans from the vertical and how much the spine bends, in degrees.

    The bend is the angle between the lowest and the highest segment of the chain; the lean is that of the
    line from the lowest point of the chain to ``neck`` (to the highest point where there is none).
    """
    chain = recording.position[:, person][:, recording.spine]
    names = [recording.keypoints[k] for k in recording.spine]
    top = names.index("neck") if "neck" in names else len(names) - 1
    up = np.broadcast_to([0.0, 0.0, 1.0], chain[:, 0].shape)
    lean = _angle(chain[:, top] - chain[:, 0], up)
    bend = _angle(chain[:, 1] - chain[:, 0], chain[:, -1] - chain[:, -2])
    edges = bins(len(recording.times), MAX_POINTS)
    kept = edges[:-1]
    mode = "lines" if len(kept) > 1 else "markers"
    data = [{"type": "scatter", "mode": mode, "name": label, "x": compact(recording.times[kept], 4),
             "y": compact(values[kept], 2), "line": {"color": colour, "width": 2}, "hovertemplate":
             "%{y:.1f}°<extra>%{fullData.name}</extra>"}
            for label, values, colour in ((f"lean of {plain(names[0])}–{plain(names[top])} from the vertical", lean,
                                           colours.SIDES[0]),
                                          ("bend: lowest against highest segment", bend, colours.SPINE))]  # fmt: skip
    layout = {"height": 270, "yaxis": {"title": {"text": "degrees"}, "rangemode": "tozero"},
              "xaxis": {"title": {"text": recording.time_label}}, "margin": {"l": 56, "r": 12, "t": 34, "b": 46},
              "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}}  # fmt: skip
    return {"data": data, "layout": layout}


def _facing(recording: Recording, person: int) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal unit vectors forward and left of a person, (T, 3) each; the world's x and y where unknown."""
    place = {name: index for index, name in enumerate(recording.keypoints)}
    left = np.full((len(recording.times), 3), np.nan)
    for part in ("hip", "shoulder"):
        if f"left_{part}" in place and f"right_{part}" in place:
            points = recording.position[:, person]
            across = points[:, place[f"left_{part}"]] - points[:, place[f"right_{part}"]]
            left = np.where(np.isfinite(left), left, across)
    left[:, 2] = 0.0
    length = np.linalg.norm(left, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(length > 1e-6, left / length, np.array([0.0, 1.0, 0.0]))
    return np.stack([left[:, 1], -left[:, 0], left[:, 2]], axis=1), left


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(across, (a * b).sum(axis=-1)))


def _along(share: float) -> str:
    scale = colours.TIME
    for (start, low), (end, high) in zip(scale, scale[1:]):
        if share <= end:
            return colours.mixed(low, high, (share - start) / (end - start))
    return scale[-1][1]


def _same_people(truth: np.ndarray, people: int) -> np.ndarray:
    """Truth of exactly `people` people: cut, or filled up with NaN."""
    found = np.full((truth.shape[0], people, *truth.shape[2:]), np.nan)
    count = min(people, truth.shape[1])
    found[:, :count] = truth[:, :count]
    return found


def _extremes(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Lowest and highest finite value of each stretch of the last axis, (..., 2B); NaN where there is none."""
    finite = np.isfinite(values)
    low = np.minimum.reduceat(np.where(finite, values, np.inf), edges[:-1], axis=-1)
    high = np.maximum.reduceat(np.where(finite, values, -np.inf), edges[:-1], axis=-1)
    pair = np.stack([low, high], axis=-1).reshape(*values.shape[:-1], -1)
    return np.where(np.isfinite(pair), pair, np.nan)


def _largest(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    high = np.maximum.reduceat(np.where(np.isfinite(values), values, -np.inf), edges[:-1], axis=-1)
    return np.where(np.isfinite(high), high, np.nan)
