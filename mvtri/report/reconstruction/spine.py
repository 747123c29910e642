"""The fitted spine in the report: angles over time with intervals, and the curve at moments that matter."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import xarray as xr

from mvtri.diagnostics.recording import Recording
from mvtri.kinematics import facing_directions
from mvtri.kinematics.body_angles import ANGLE, INTERVAL, Spine, curve_of, has_spine, measure_body
from mvtri.kinematics.motion_range import range_of_motion
from mvtri.kinematics.spine_anatomy import CHAIN
from mvtri.kinematics.spine_angles import Angles, spine_angles
from mvtri.kinematics.spine_curve import fit_spine
from mvtri.report.html import colours
from mvtri.report.html.plotly_values import compact
from mvtri.report.reconstruction.plots import LEGEND, Figure
from mvtri.tracks import INDIVIDUALS, TIME, to_array

MAX_FRAMES = 800  # of a spine that are shown
ANGLES_HEIGHT, CURVES_HEIGHT = 560, 430
_WORTH = np.radians(5.0)  # by which a moment has to differ from the most upright one to be shown
_CERTAIN = 1e-3  # m: standard deviation that the truth gets, which the fit needs
_PARTS = 5  # of the curve between two points
_UPPER = {
    "trunk_flexion": "flexion",
    "trunk_bend": "lateral bending, to the left",
    "trunk_rotation": "axial rotation, to the left",
}
_LOWER = {
    "trunk_lean": "lean of the trunk, from the vertical",
    "lumbar_lordosis": "lumbar lordosis",
    "thoracic_kyphosis": "thoracic kyphosis",
}
_COLOURS = dict(zip([*_UPPER, *_LOWER], [colours.SPINE, *colours.AXES[1:], colours.USED, *colours.SIDES[1:]]))


@dataclass(frozen=True)
class FittedSpine:
    """A person's spine: F frames of the recording.

    Attributes
    ----------
    person : int
    frames : ndarray of int, shape (F,)
        Those of the recording.
    chain : ndarray, shape (F, P, 3)
        The points of the spine on its curve, m; NaN in frames without an answer.
    covariances : ndarray, shape (F, P, 3, 3)
        Of them, m².
    angles : dict
        By name, values (F,) and standard deviations (F,), rad.
    ranges : xarray.Dataset
        The ranges of motion in the whole recording, of this person.
    true : (ndarray, dict) or None
        The chain and the angles of the truth.
    true_ranges : xarray.Dataset or None
        The ranges of motion of the truth, in these frames.
    """

    person: int
    frames: np.ndarray
    chain: np.ndarray
    covariances: np.ndarray
    angles: Angles
    ranges: xr.Dataset
    true: tuple[np.ndarray, Angles] | None
    true_ranges: xr.Dataset | None


def fit_spines(
    tracks: xr.Dataset, recording: Recording, truth: np.ndarray | None, body: Spine | None = None
) -> dict[int, FittedSpine]:
    """Return the fitted spines by person, of those who have one.

    Parameters
    ----------
    tracks : Tracks
        Without covariances there are none.
    recording : Recording
        The same as arrays.
    truth : ndarray, shape (T, N', K, 3) or None
        m.
    body : Spine, optional
        What `mvtri.measure_body` found in all frames of the tracks.  By default some frames are measured if
        the tracks are smoothed; if not, that takes long, and there is none.
    """
    if "covariance" not in tracks or not has_spine(recording.keypoints) or not len(recording.times):
        return {}
    if body is None and recording.measured is None:
        return {}
    frames = np.arange(0, len(recording.times), -(-len(recording.times) // MAX_FRAMES))
    few = {TIME: frames}
    if body is None:
        body = measure_body(tracks.isel(few))
        chain, shown = curve_of(body), body.angles
    else:
        chain, shown = curve_of(Spine(body.tracks.isel(few), body.angles.isel(few))), body.angles.isel(few)
    if chain is None:
        return {}
    found = {}
    ranges = range_of_motion(body.angles)
    for person, name in enumerate(recording.people):
        points = to_array(chain)[:, person]
        if np.isfinite(points).any():
            real = None
            if truth is not None and person < truth.shape[1]:
                real = _true_spine(truth[frames, person], recording.keypoints)
            spreads = to_array(chain, "covariance")[:, person]
            one = ranges.sel({INDIVIDUALS: name})
            own = _by_name(shown, name)
            true_ranges = None if real is None else _true_ranges(real[1], shown, name)
            found[person] = FittedSpine(person, frames, points, spreads, own, one, real, true_ranges)
    return found


def _true_ranges(angles: Angles, shown: xr.Dataset, person: str) -> xr.Dataset:
    """Return the ranges of motion of the true spine, in the frames that are shown."""
    names = [str(name) for name in shown[ANGLE].to_numpy() if str(name) in angles]
    pair = np.array([angles[name] for name in names])  # (angles, 2, T)
    dims = (ANGLE, INDIVIDUALS, TIME)
    data = {"value": (dims, pair[:, :1]), "sd": (dims, pair[:, 1:])}
    coords = {ANGLE: names, INDIVIDUALS: [person], TIME: shown[TIME]}
    return range_of_motion(xr.Dataset(data, coords=coords, attrs=shown.attrs)).sel({INDIVIDUALS: person})


def _by_name(angles: xr.Dataset, person: str) -> Angles:
    own = angles.sel({INDIVIDUALS: person})
    return {
        str(name): (own["value"].sel({ANGLE: name}).to_numpy(), own["sd"].sel({ANGLE: name}).to_numpy())
        for name in own[ANGLE].to_numpy()
    }


def _true_spine(points: np.ndarray, keypoints: tuple[str, ...]) -> tuple[np.ndarray, Angles] | None:
    """Return the chain and the angles of a true spine; None where no frame has all of it."""
    if not np.isfinite(points[:, [keypoints.index(name) for name in CHAIN]]).all(axis=(1, 2)).any():
        return None
    sure = np.broadcast_to(_CERTAIN**2 * np.eye(3), (*points.shape, 3))
    fit = fit_spine(points, sure, keypoints)
    return (fit.points[:, : len(CHAIN)], spine_angles(fit)[0]) if (fit.reasons == "").any() else None


def angles_over_time(recording: Recording, spine: FittedSpine) -> Figure:
    """Return the angles of the trunk and of the spine over time, in degrees, with bands of 95 %."""
    times = recording.times[spine.frames]
    data: list[dict[str, Any]] = []
    for row, labels in (("", _UPPER), ("2", _LOWER)):
        axes = {"xaxis": "x", "yaxis": f"y{row}", "x": compact(times, 4), "type": "scatter"}
        for name, label in labels.items():
            value, spread = (np.degrees(values) for values in spine.angles[name])
            colour, group = _COLOURS[name], {"legendgroup": name}
            data += [
                axes | group | band
                for band in bands(times, value - INTERVAL * spread, value + INTERVAL * spread, colour)
            ]
            if spine.true is not None:
                real = np.degrees(spine.true[1][name][0])
                line = {"color": colour, "width": 1.6, "dash": "dot"}
                data.append(axes | group | line_of(f"{label}, truth", real, line) | {"showlegend": False})
            data.append(axes | group | line_of(label, value, {"color": colour, "width": 2}))
    layout = {
        "height": ANGLES_HEIGHT,
        "margin": {"l": 62, "r": 12, "t": 58, "b": 46},
        "legend": LEGEND,
        "xaxis": {"title": {"text": recording.time_label}, "anchor": "y2"},
        "yaxis": {"title": {"text": "thorax against pelvis (°)"}, "domain": [0.53, 1]},
        "yaxis2": {"title": {"text": "lean and curvatures (°)"}, "domain": [0, 0.47]},
    }
    return {"data": data, "layout": layout}


def line_of(name: str, value: np.ndarray, line: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a curve of angles (T,), degrees, that does not say where it is drawn."""
    return {
        "mode": "lines" if len(value) > 1 else "markers",
        "name": name,
        "y": compact(value, 2),
        "line": line,
        "hovertemplate": "%{y:.1f}°<extra>%{fullData.name}</extra>",
    }


def bands(times: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> list[dict[str, Any]]:
    """Return a filled outline between two curves (T,) for each stretch without a gap."""
    there = np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    found = []
    for start, stop in zip(edges[::2], edges[1::2]):
        at = times[start:stop]
        found.append(_outline(at, low[start:stop], at[::-1], high[start:stop][::-1], colour))
    return found


def _outline(
    x: np.ndarray, y: np.ndarray, back_x: np.ndarray, back_y: np.ndarray, colour: str
) -> dict[str, Any]:
    return {
        "x": compact(np.concatenate([x, back_x]), 4),
        "y": compact(np.concatenate([y, back_y]), 4),
        "mode": "lines",
        "fill": "toself",
        "fillcolor": f"{colour}26",
        "line": {"width": 0, "color": colour},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def moments_that_matter(angles: Angles) -> dict[int, str]:
    """Return which of the frames show the spine at its most upright, flexed, extended, and bent sideways.

    By frame, what it shows.  Of a spine that moves less than 5 degrees, or not more than its intervals, only
    the most upright one.
    """
    lean = angles["trunk_lean"][0]
    if not np.isfinite(lean).any():
        return {}
    upright = int(np.nanargmin(lean))
    moments = {upright: "most upright"}
    for what, name, sign in (
        ("most flexed", "trunk_flexion", 1.0),
        ("most extended", "trunk_flexion", -1.0),
        ("most bent to the left", "trunk_bend", 1.0),
        ("most bent to the right", "trunk_bend", -1.0),
    ):
        values, spread = angles[name]
        if np.isfinite(values).any():
            frame = int(np.nanargmax(sign * values))
            least = max(_WORTH, INTERVAL * float(np.hypot(spread[frame], spread[upright])))
            if sign * (values[frame] - values[upright]) >= least:
                moments.setdefault(frame, what)
    return moments


def curves_at_moments(recording: Recording, spine: FittedSpine) -> Figure:
    """Return the spine's curve from the side and from behind, with bands of 95 %, in m from its lowest point.

    Open circles are the points that it was fitted to; the true curve is dotted.
    """
    forward, left = facing_directions(recording.position[:, spine.person], recording.keypoints)
    moments = moments_that_matter(spine.angles)
    data: list[dict[str, Any]] = []
    for place, (frame, what) in enumerate(sorted(moments.items())):
        t = spine.frames[frame]
        colour = colours.between(colours.FIRST_TO_LAST, place / max(1, len(moments) - 1))
        name = f"{escape(recording.moment(t))}: {what}"
        for number, direction in (("", forward[t]), ("2", -left[t])):
            axes = {"type": "scatter", "xaxis": f"x{number}", "yaxis": f"y{number}", "legendgroup": str(t)}
            parts = _curve(recording, spine, frame, direction, colour)
            parts[-1] |= {"name": name, "showlegend": number == ""}
            data += [axes | part for part in parts]
    layout = {
        "height": CURVES_HEIGHT,
        "margin": {"l": 56, "r": 12, "t": 8, "b": 46},
        "xaxis": {"domain": [0, 0.5], "title": {"text": "side: forward (m)"}},
        "xaxis2": {"domain": [0.57, 1], "title": {"text": "behind: right (m)"}, "scaleanchor": "y2"},
        "yaxis": {"title": {"text": "up (m)"}, "scaleanchor": "x"},
        "yaxis2": {"anchor": "x2", "matches": "y"},
    }
    return {"data": data, "layout": layout}


def _curve(
    recording: Recording, spine: FittedSpine, frame: int, direction: np.ndarray, colour: str
) -> list[dict[str, Any]]:
    """Return the band, the measured points, the truth if there is one, and at last the curve."""
    count = len(CHAIN)
    chain = spine.chain[frame]
    spread = np.sqrt(np.einsum("i,pij,j->p", direction, spine.covariances[frame], direction))
    x, up = _drawn(chain, chain[0], direction)
    half = INTERVAL * np.interp(np.linspace(0, count - 1, len(x)), np.arange(count), spread)
    seen = recording.position[spine.frames[frame], spine.person][
        [recording.keypoints.index(name) for name in CHAIN]
    ]
    parts = [_outline(x - half, up, (x + half)[::-1], up[::-1], colour)]
    plain = {"showlegend": False, "hoverinfo": "skip"}
    dots = {"symbol": "circle-open", "size": 6, "color": colour}
    parts.append(
        plain
        | {"mode": "markers", "marker": dots, "x": compact((seen - chain[0]) @ direction, 4)}
        | {"y": compact(seen[:, 2] - chain[0, 2], 4)}
    )
    if spine.true is not None and np.isfinite(spine.true[0][frame]).all():
        real = spine.true[0][frame]
        real_x, real_up = _drawn(real, chain[0], direction)
        line = {"color": colour, "width": 1.6, "dash": "dot"}
        parts.append(
            plain | {"mode": "lines", "line": line, "x": compact(real_x, 4), "y": compact(real_up, 4)}
        )
    hover = {"hovertemplate": "%{x:.3f} m, %{y:.3f} m<extra>%{fullData.name}</extra>"}
    line = {"color": colour, "width": 2.5}
    parts.append(hover | {"mode": "lines", "line": line, "x": compact(x, 4), "y": compact(up, 4)})
    return parts


def _drawn(chain: np.ndarray, origin: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places along `direction` and up, m from `origin`, of a smooth curve through a chain (P, 3)."""
    from scipy.interpolate import CubicSpline

    through = CubicSpline(np.arange(len(chain)), chain - origin)
    points = through(np.linspace(0, len(chain) - 1, _PARTS * (len(chain) - 1) + 1))
    return points @ direction, points[:, 2]
