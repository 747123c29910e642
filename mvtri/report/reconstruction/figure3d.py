"""The 3D viewer: skeletons moving in time among their cameras."""

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri.diagnostics.recording import Recording, link_sides, read_recording
from mvtri.report.html import colours
from mvtri.report.reconstruction.scene3d import cameras_traces, floor_traces, people_bounds, scene, xyz
from mvtri.report.reconstruction.truth import match_truth

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from mvtri.cameras import CameraGroup

MAX_FRAMES = 300
HEIGHT = 640


def skeleton_figure(
    tracks: xr.Dataset,
    cameras: "CameraGroup | None" = None,
    *,
    truth: xr.Dataset | np.ndarray | None = None,
    max_frames: int = MAX_FRAMES,
) -> "go.Figure":
    """Return an animated 3D plot of tracks, the spine highlighted, cameras as pyramids, z up, axes equal.

    Parameters
    ----------
    tracks : xarray.Dataset
        Tracks.
    cameras : CameraGroup, optional
        The cameras to draw.
    truth : xarray.Dataset or ndarray, shape (T, N, K, 3), optional
        True positions, m, drawn in grey; a dataset is matched by names of keypoints and by time.
    max_frames : int
        Longer recordings are thinned evenly to at most so many frames.

    Returns
    -------
    plotly.graph_objects.Figure
        With a slider, and a button that plays it at the recording's own rate.

    Raises
    ------
    InputError
        If `tracks` is not Tracks, or `truth` is an array of another shape.
    """
    import plotly.graph_objects as go

    recording = read_recording(tracks)
    return go.Figure(skeleton_plot(recording, cameras, match_truth(truth, recording), max_frames))


def skeleton_plot(
    recording: Recording,
    cameras: "CameraGroup | None",
    truth: np.ndarray | None,
    max_frames: int = MAX_FRAMES,
) -> dict[str, Any]:
    """Return the figure of `skeleton_figure` as plain data, layout and frames."""
    count = len(recording.times)
    step = max(1, -(-count // max_frames))
    chosen = range(0, count, step)
    moving = [_moving(recording, truth, t) for t in chosen]
    first = [trace | style for trace, style in zip(moving[0], _styles(recording, truth))] if moving else []
    low, high = people_bounds(recording.position)
    still = floor_traces(low, high, cameras) + ([] if cameras is None else cameras_traces(cameras))
    layout: dict[str, Any] = {"showlegend": False, "height": HEIGHT, "uirevision": "3d"}
    layout |= {"margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "scene": scene(low, high, cameras)}
    if len(moving) < 2:
        return {"data": first + still, "layout": layout, "frames": []}
    frames = [
        {"name": str(t), "data": data, "traces": [*range(len(first))]} for t, data in zip(chosen, moving)
    ]
    layout |= {"updatemenus": [_buttons(_interval(recording, step))]}
    layout |= {"sliders": [_slider([str(t) for t in chosen], [recording.moment(t) for t in chosen])]}
    return {"data": first + still, "layout": layout, "frames": frames}


def _moving(recording: Recording, truth: np.ndarray | None, t: int) -> list[dict[str, Any]]:
    traces = []
    for points in recording.position[t]:
        traces += [xyz(points, _gapped(recording.links)), xyz(points, recording.spine)]
        traces.append(xyz(points, np.arange(len(points))))
    spine = np.stack([recording.spine[:-1], recording.spine[1:]], axis=-1)
    every = _gapped(np.concatenate([recording.links, spine]))
    return traces + [xyz(points, every) for points in (() if truth is None else truth[t])]


def _styles(recording: Recording, truth: np.ndarray | None) -> list[dict[str, Any]]:
    people = len(recording.people)
    sides = np.repeat(link_sides(recording.keypoints, recording.links), 3).tolist()
    text = [escape(name, quote=False) for name in recording.keypoints]
    styles: list[dict[str, Any]] = []
    for person, name in enumerate(recording.people):
        own, spine = colours.limb_colours(person, people), colours.spine_colour(person, people)
        common = {"type": "scatter3d", "name": escape(name, quote=False), "connectgaps": False}
        scale = [[0, own[0]], [0.5, own[1]], [1, own[2]]]
        line = {"width": 6, "color": sides, "colorscale": scale, "cmin": 0, "cmax": 2}
        styles.append(common | {"mode": "lines", "line": line, "hoverinfo": "skip"})
        line, marker = {"width": 12, "color": spine}, {"size": 4.5, "color": spine}
        styles.append(common | {"mode": "lines+markers", "line": line, "marker": marker, "hoverinfo": "skip"})
        marker = {"size": 3, "color": own[1]}
        hover = "%{text}<br>x %{x:.3f} m<br>y %{y:.3f} m<br>z %{z:.3f} m"
        styles.append(common | {"mode": "markers", "marker": marker, "text": text, "hovertemplate": hover})
    grey: dict[str, Any] = {
        "type": "scatter3d",
        "name": "truth",
        "mode": "lines",
        "opacity": 0.75,
        "hoverinfo": "skip",
    }
    grey |= {"line": {"width": 4, "color": colours.TRUTH}}
    return styles + [grey] * (0 if truth is None else truth.shape[1])


def _buttons(interval: float) -> dict[str, Any]:
    play: dict[str, Any] = {
        "frame": {"duration": round(interval), "redraw": True},
        "transition": {"duration": 0},
    }
    play |= {"fromcurrent": True, "mode": "immediate"}
    stop = {"frame": {"duration": 0, "redraw": True}, "mode": "immediate"}
    buttons = [
        {"label": "▶", "method": "animate", "args": [None, play]},
        {"label": "❚❚", "method": "animate", "args": [[None], stop]},
    ]
    place = {"x": 0.01, "y": 0.01, "xanchor": "left", "yanchor": "bottom", "pad": {"t": 0, "r": 0}}
    return {"type": "buttons", "direction": "left", "showactive": False, "buttons": buttons} | place


def _slider(names: list[str], labels: list[str]) -> dict[str, Any]:
    jump = {"frame": {"duration": 0, "redraw": True}, "mode": "immediate", "transition": {"duration": 0}}
    steps = [
        {"label": label, "method": "animate", "args": [[name], jump]} for name, label in zip(names, labels)
    ]
    place = {"x": 0.13, "len": 0.85, "y": 0, "yanchor": "bottom", "pad": {"t": 0, "b": 0}}
    quiet = {"ticklen": 0, "minorticklen": 0, "font": {"size": 1, "color": "rgba(0,0,0,0)"}}
    current = {"prefix": "", "xanchor": "right", "font": {"size": 14, "color": "#7a818c"}, "offset": 4}
    return {"steps": steps, "currentvalue": current, "active": 0} | place | quiet


def _interval(recording: Recording, step: int) -> float:
    """Milliseconds between two shown frames: real time where there is a clock, 25 per second elsewhere."""
    if not recording.clocked:
        return 40.0
    return float(np.clip(1000 * step * np.median(np.diff(recording.times)), 20, 1000))


def _gapped(links: np.ndarray) -> np.ndarray:
    """Both ends of each link and a gap (-1) after it, (3L,)."""
    return np.concatenate([links, np.full((len(links), 1), -1)], axis=1).reshape(-1)
