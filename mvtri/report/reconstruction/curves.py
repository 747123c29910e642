"""Trajectories with their uncertainty, and the spine over time."""

from html import escape
from typing import Any

import numpy as np

from mvtri.diagnostics.recording import Recording
from mvtri.kinematics import angle_between, chain_angles, facing_directions
from mvtri.report.html import colours
from mvtri.report.html.plotly_values import compact
from mvtri.report.reconstruction.plots import LEGEND, Figure, bins
from mvtri.tracks import Status

MAX_POINTS = 1600  # of one curve
MAX_VALUES = 1_200_000  # of all curves together
SPINE_CURVES = 9


def trajectories(recording: Recording, truth: np.ndarray | None) -> dict[str, Any]:
    """Return the curves of which the page draws those of the chosen person and keypoint.

    In a long recording each short interval is drawn by its lowest and highest value, so that no jump is lost,
    and by its largest uncertainty.

    Parameters
    ----------
    recording : Recording
        The tracks.
    truth : ndarray, shape (T, N', K, 3) or None
        True positions, m.

    Returns
    -------
    dict
        ``times`` (P,) and ``label``, the title of their axis; ``position`` (N, K, 3, P) in m; ``sigma``,
        ``truth`` and ``measured`` (before smoothing) alike, or None; ``filled`` (N, K), lists of the places
        of invented points; ``colours`` of x, y, z and ``grey`` of truth.
    """
    edges = curve_edges(recording, kinds_of_curves(recording, truth is not None))
    position = extremes(np.moveaxis(recording.position, 0, -1), edges)
    sigma = None if recording.sigma is None else _largest(np.moveaxis(recording.sigma, 0, -1), edges)
    real = None
    if truth is not None:
        real = extremes(np.moveaxis(same_people(truth, len(recording.people)), 0, -1), edges)
    measured = recording.measured
    before = None if measured is None else compact(extremes(np.moveaxis(measured, 0, -1), edges), 4)
    return {
        "times": compact(extreme_times(recording.times, edges), 4),
        "label": recording.time_label,
        "position": compact(position, 4),
        "sigma": None if sigma is None else compact(sigma, 5),
        "truth": None if real is None else compact(real, 4),
        "measured": before,
        "filled": _filled_places(recording, edges),
        "colours": list(colours.AXES),
        "grey": colours.TRUTH,
    }


def kinds_of_curves(recording: Recording, truth: bool) -> int:
    """Return how many numbers `trajectories` holds for each coordinate and time."""
    return 1 + (recording.sigma is not None) + truth + (recording.measured is not None)


def _filled_places(recording: Recording, edges: np.ndarray) -> list[list[list[int]]]:
    """Return for each person and keypoint which places of the curves are of invented points."""
    filled = np.moveaxis(recording.status == Status.FILLED, 0, -1)
    if len(edges) - 1 < filled.shape[-1]:
        filled = np.repeat(np.logical_or.reduceat(filled, edges[:-1], axis=-1), 2, axis=-1)
    return [[np.flatnonzero(places).tolist() for places in person] for person in filled]


def curve_edges(recording: Recording, kinds: int) -> np.ndarray:
    """Return the edges (B+1,) of the intervals that curves are drawn by: single frames where T is small."""
    count, people, points = recording.position.shape[:3]
    limit = int(np.clip(MAX_VALUES // max(1, 3 * people * points * kinds), 100, MAX_POINTS))
    return np.arange(count + 1) if count <= limit else bins(count, limit // 2)


def spine_curves(recording: Recording, person: int) -> Figure:
    """Return the spine from the side and from behind at several times, in metres from its lowest point.

    The side view is along the line between the hips (or shoulders), with z up; where the keypoints have
    neither, forward and left are the x and y axes of the world.
    """
    chain = recording.position[:, person][:, recording.spine]
    whole = np.flatnonzero(np.isfinite(chain).all(axis=(1, 2)))
    chosen = (
        whole[np.unique(np.linspace(0, len(whole) - 1, SPINE_CURVES).astype(int))] if len(whole) else whole
    )
    forward, left = facing_directions(recording.position[:, person], recording.keypoints)
    names = [escape(recording.keypoints[k], quote=False) for k in recording.spine]
    data: list[dict[str, Any]] = []
    for place, t in enumerate(chosen):
        offset = chain[t] - chain[t, 0]
        colour = colours.between(colours.FIRST_TO_LAST, place / max(1, len(chosen) - 1))
        curve: Figure = {
            "type": "scatter",
            "mode": "lines+markers",
            "name": recording.moment(t),
            "text": names,
        }
        curve |= {
            "legendgroup": str(t),
            "line": {"color": colour, "width": 2.5},
            "y": compact(offset[:, 2], 4),
        }
        curve |= {
            "marker": {"size": 6, "color": colour},
            "hovertemplate": "%{text}<extra>%{fullData.name}</extra>",
        }
        data.append(curve | {"x": compact(offset @ forward[t], 4)})
        data.append(
            curve | {"x": compact(-offset @ left[t], 4), "xaxis": "x2", "yaxis": "y2", "showlegend": False}
        )
    layout = {
        "height": 430,
        "margin": {"l": 56, "r": 12, "t": 8, "b": 46},
        "xaxis": {"domain": [0, 0.48], "title": {"text": "side: forward (m)"}},
        "xaxis2": {"domain": [0.55, 1], "title": {"text": "behind: right (m)"}, "scaleanchor": "y2"},
        "yaxis": {"title": {"text": "up (m)"}, "scaleanchor": "x"},
        "yaxis2": {"anchor": "x2", "matches": "y"},
    }
    return {"data": data, "layout": layout}


def spine_angles(recording: Recording, person: int, truth: np.ndarray | None = None) -> Figure:
    """Return over time how far the trunk leans from the vertical and how much the spine bends, in degrees.

    The bend is the angle between the lowest and the highest segment of the chain; the lean is that of the
    line from the lowest point of the chain to ``neck`` (to the highest point where there is none).  The truth
    (T, N', K, 3) is dotted, and what was there before smoothing is thin.
    """
    names = [recording.keypoints[k] for k in recording.spine]
    top = names.index("neck") if "neck" in names else len(names) - 1
    count = len(recording.times)
    edges = np.arange(count + 1) if count <= MAX_POINTS else bins(count, MAX_POINTS // 2)
    bottom, upper = (escape(names[place], quote=False) for place in (0, top))
    labels = (f"lean: {bottom} to {upper}, from the vertical", "bend: lowest against highest segment")
    lines: list[tuple[str, dict[str, Any], np.ndarray]] = [("", {"width": 2}, recording.position[:, person])]
    if recording.measured is not None:
        lines.insert(0, (", not smoothed", {"width": 1}, recording.measured[:, person]))
    if truth is not None:
        true = same_people(truth, len(recording.people))[:, person]
        lines.append((", truth", {"width": 1.6, "dash": "dot"}, true))
    data: list[dict[str, Any]] = []
    for kind, line, points in lines:
        values = _lean_and_bend(points[:, recording.spine], top)
        for label, found, colour in zip(labels, values, (colours.SIDES[0], colours.SPINE)):
            shown = colours.TRUTH if kind == ", truth" else colour
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines" if count > 1 else "markers",
                    "x": compact(extreme_times(recording.times, edges), 4),
                    "y": compact(extremes(found, edges), 2),
                    "name": label + kind,
                    "line": line | {"color": shown},
                    "opacity": 0.45 if kind == ", not smoothed" else 1.0,
                    "showlegend": not kind,
                    "hovertemplate": "%{y:.1f}°<extra>%{fullData.name}</extra>",
                }
            )
    layout = {
        "height": 270,
        "margin": {"l": 56, "r": 12, "t": 34, "b": 46},
        "legend": LEGEND,
        "xaxis": {"title": {"text": recording.time_label}},
        "yaxis": {"title": {"text": "degrees"}, "rangemode": "tozero"},
    }
    return {"data": data, "layout": layout}


def _lean_and_bend(chain: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the lean and the bend (T,) of spines (T, S, 3), degrees."""
    lean = np.degrees(angle_between(chain[:, top] - chain[:, 0], np.array([0.0, 0.0, 1.0])))
    return lean, np.degrees(chain_angles(chain, whole=True)[:, 0])


def same_people(truth: np.ndarray, people: int) -> np.ndarray:
    """Return truth (T, N', K, 3) of the first `people` people, filled with NaN where it has fewer."""
    found = np.full((truth.shape[0], people, *truth.shape[2:]), np.nan)
    count = min(people, truth.shape[1])
    found[:, :count] = truth[:, :count]
    return found


def extremes(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the lowest and highest value of each interval of the last axis, (..., 2B); NaN without any.

    The values themselves (..., T) where each interval is a single frame.
    """
    if len(edges) - 1 == values.shape[-1]:
        return values
    finite = np.isfinite(values)
    low = np.minimum.reduceat(np.where(finite, values, np.inf), edges[:-1], axis=-1)
    high = np.maximum.reduceat(np.where(finite, values, -np.inf), edges[:-1], axis=-1)
    pair = np.stack([low, high], axis=-1).reshape(*values.shape[:-1], -1)
    return np.where(np.isfinite(pair), pair, np.nan)


def extreme_times(times: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the times of `extremes`: the start and middle of each interval, (2B,), or all times (T,)."""
    if len(edges) - 1 == len(times):
        return times
    middle = edges[:-1] + np.diff(edges) // 2
    return np.stack([times[edges[:-1]], times[middle]], axis=-1).reshape(-1)


def _largest(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the highest value of each interval, twice, (..., 2B); the values themselves as in `extremes`."""
    if len(edges) - 1 == values.shape[-1]:
        return values
    high = np.maximum.reduceat(np.where(np.isfinite(values), values, -np.inf), edges[:-1], axis=-1)
    return np.repeat(np.where(np.isfinite(high), high, np.nan), 2, axis=-1)
