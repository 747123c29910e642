"""The 3D viewer: skeletons moving in time among their cameras."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri.report import colours
from mvtri.report.recording import Recording, link_sides, read_recording
from mvtri.tracks import to_array

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from mvtri.cameras import CameraGroup

MAX_FRAMES = 300
FRUSTUM = 0.35  # depth of a drawn camera, m, at most


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
        True positions, m, drawn in grey; a dataset is matched by names of keypoints.
    max_frames : int
        Longer recordings are thinned to at most so many frames, evenly.

    Returns
    -------
    plotly.graph_objects.Figure
        With a slider and a button that plays it at the recording's own rate.

    Raises
    ------
    InputError
        If `tracks` is not Tracks.
    """
    import plotly.graph_objects as go

    recording = read_recording(tracks)
    return go.Figure(skeleton_plot(recording, cameras, truth_array(truth, recording), max_frames))


def truth_array(truth: xr.Dataset | np.ndarray | None, recording: Recording) -> np.ndarray | None:
    """Return true positions with the recording's frames, people and keypoints, (T, N', K, 3); NaN where unknown.

    None where there is no truth, or where it has another number of frames.
    """
    if truth is None:
        return None
    if isinstance(truth, xr.Dataset):
        values = to_array(truth)
        place = {str(name): index for index, name in enumerate(truth["keypoints"].to_numpy())}
        found = np.full((*values.shape[:2], len(recording.keypoints), 3), np.nan)
        for index, name in enumerate(recording.keypoints):
            if name in place:
                found[:, :, index] = values[:, :, place[name]]
    else:
        found = np.asarray(truth, dtype=np.float64)
        found = found[:, None] if found.ndim == 3 else found
    fits = found.shape[0] == len(recording.times) and found.shape[2:] == recording.position.shape[2:]
    return found if fits else None


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
    still = [] if cameras is None else _frusta(cameras)
    labels = [_label(recording, t) for t in chosen]
    frames = [
        {"name": str(t), "data": data, "traces": list(range(len(first)))} for t, data in zip(chosen, moving)
    ]
    rate = _interval(recording, step)
    layout = {"showlegend": False, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "height": 620}
    layout |= {"scene": _scene(recording, cameras), "uirevision": "3d", "paper_bgcolor": "rgba(0,0,0,0)"}
    if len(frames) > 1:
        layout |= {"updatemenus": [_buttons(rate)], "sliders": [_slider(frames, labels)]}
    return {"data": first + still, "layout": layout, "frames": frames if len(frames) > 1 else []}


def _moving(recording: Recording, truth: np.ndarray | None, t: int) -> list[dict[str, Any]]:
    traces = []
    for person in range(len(recording.people)):
        points = recording.position[t, person]
        traces += [_xyz(points, _order(recording.links)), _xyz(points, recording.spine)]
        traces.append(_xyz(points, np.arange(len(points))))
    for points in () if truth is None else truth[t]:
        spine = np.stack([recording.spine[:-1], recording.spine[1:]], axis=-1)
        traces.append(_xyz(points, _order(np.concatenate([recording.links, spine]))))
    return traces


def _styles(recording: Recording, truth: np.ndarray | None) -> list[dict[str, Any]]:
    people = len(recording.people)
    sides = np.repeat(link_sides(recording.keypoints, recording.links), 3).tolist()
    styles: list[dict[str, Any]] = []
    for person, name in enumerate(recording.people):
        own = colours.limb_colours(person, people)
        scale = [[0, own[0]], [0.5, own[1]], [1, own[2]]]
        spine = colours.spine_colour(person, people)
        line = {"width": 5, "color": sides, "colorscale": scale, "cmin": 0, "cmax": 2}
        common = {"type": "scatter3d", "name": plain(name), "connectgaps": False}
        styles.append(common | {"mode": "lines", "line": line, "hoverinfo": "skip"})
        marks = {"size": 4, "color": spine}
        styles.append(common | {"mode": "lines+markers", "line": {"width": 11, "color": spine}, "marker": marks,
                                "hoverinfo": "skip"})  # fmt: skip
        text = [plain(name) for name in recording.keypoints]
        dots = {"size": 2.6, "color": own[1]}
        hover = "%{text}<br>x %{x:.3f} m<br>y %{y:.3f} m<br>z %{z:.3f} m"
        styles.append(common | {"mode": "markers", "marker": dots, "text": text, "hovertemplate": hover})
    grey = {"width": 3, "color": colours.TRUTH}
    count = 0 if truth is None else truth.shape[1]
    styles += [
        {
            "type": "scatter3d",
            "name": "truth",
            "mode": "lines",
            "line": grey,
            "opacity": 0.7,
            "hoverinfo": "skip",
        }
    ] * count
    return styles


def _frusta(cameras: "CameraGroup") -> list[dict[str, Any]]:
    centres = np.asarray(cameras.centers)
    spread = np.linalg.norm(centres - centres.mean(axis=0), axis=1).mean()
    depth = min(FRUSTUM, 0.12 * spread) if spread > 0 else FRUSTUM
    lines, order = [], [0, 1, 2, 0, 3, 4, 0, -1, 1, 4, -1, 2, 3, -1]
    for index in range(len(cameras)):
        corners = [centres[index], *frustum_corners(cameras, index, depth), np.full(3, np.nan)]
        lines.append(np.array(corners)[order])
    style = {"type": "scatter3d", "name": "cameras", "hoverinfo": "skip"}
    outline = (
        style
        | _columns(np.concatenate(lines))
        | {"mode": "lines", "line": {"width": 2.5, "color": "#5b7083"}}
    )
    names = style | _columns(centres) | {"mode": "text", "text": [plain(name) for name in cameras.names]}
    return [outline, names | {"textposition": "top center", "textfont": {"size": 12, "color": "#5b7083"}}]


def frustum_corners(cameras: "CameraGroup", index: int, depth: float) -> np.ndarray:
    """Return where the image corners of a camera lie in the world, m, at that depth (m); shape (4, 3).

    In the order top left, top right, bottom right, bottom left; lens distortion is left out.
    """
    width, height = (float(v) for v in cameras.image_sizes[index])
    pixels = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]]) - [0.5, 0.5, 0]
    rays = np.linalg.solve(np.asarray(cameras.matrices[index]), pixels.T) * depth
    return (
        np.asarray(cameras.rotations[index]).T @ (rays - np.asarray(cameras.translations[index])[:, None])
    ).T


def _scene(recording: Recording, cameras: "CameraGroup | None") -> dict[str, Any]:
    low, high = people_bounds(recording.position)
    middle, extent = (low + high) / 2, max(float((high - low).max()), 1.0)
    away = np.array([1.0, -1.0])
    if cameras is not None:
        centres = np.asarray(cameras.centers)
        away = (centres[0] - middle)[:2]
        low, high = np.minimum(low, centres.min(axis=0)), np.maximum(high, centres.max(axis=0))
    low, high = low - 0.4, high + 0.4
    away = away / max(float(np.linalg.norm(away)), 1e-9)
    turn = np.array([[0.88, -0.47], [0.47, 0.88]]) @ away  # a little aside of the first camera
    centre = (middle - (low + high) / 2) / extent
    eye = centre + np.array([1.75 * turn[0], 1.75 * turn[1], 0.55])
    axis = {"showbackground": False, "showspikes": False, "zeroline": False, "nticks": 8}
    axes = {
        f"{name}axis": axis | {"range": [float(low[i]), float(high[i])], "title": {"text": f"{name} (m)"}}
        for i, name in enumerate("xyz")
    }
    ratio = {name: float((high - low)[i] / extent) for i, name in enumerate("xyz")}
    view = {"up": {"x": 0, "y": 0, "z": 1}, "center": dict(zip("xyz", centre.tolist()))}
    view |= {"eye": dict(zip("xyz", eye.tolist()))}
    return axes | {"aspectmode": "manual", "aspectratio": ratio, "camera": view, "dragmode": "orbit"}


def people_bounds(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (3,) and (3,) of a box about the people, m, a stray percent of the points left out."""
    flat = position.reshape(-1, 3)
    flat = flat[np.isfinite(flat).all(axis=1)]
    if not len(flat):
        return np.array([-1.0, -1.0, 0.0]), np.array([1.0, 1.0, 2.0])
    low, high = np.percentile(flat, [0.5, 99.5], axis=0)
    return low, high


def _buttons(interval: float) -> dict[str, Any]:
    timing = {"duration": round(interval), "redraw": True}
    play = {"frame": timing, "transition": {"duration": 0}, "fromcurrent": True, "mode": "immediate"}
    stop = {"frame": {"duration": 0, "redraw": True}, "mode": "immediate"}
    buttons = [
        {"label": "▶ play", "method": "animate", "args": [None, play]},
        {"label": "❚❚ pause", "method": "animate", "args": [[None], stop]},
    ]
    place = {"x": 0.01, "y": 0.02, "xanchor": "left", "yanchor": "bottom", "pad": {"t": 0, "r": 10}}
    return {"type": "buttons", "direction": "left", "showactive": False, "buttons": buttons} | place


def _slider(frames: list[dict[str, Any]], labels: list[str]) -> dict[str, Any]:
    jump = {"frame": {"duration": 0, "redraw": True}, "mode": "immediate", "transition": {"duration": 0}}
    steps = [
        {"label": label, "method": "animate", "args": [[frame["name"]], jump]}
        for frame, label in zip(frames, labels)
    ]
    place = {"x": 0.2, "len": 0.78, "y": 0.02, "yanchor": "bottom", "pad": {"t": 0, "b": 0}}
    quiet = {"ticklen": 0, "minorticklen": 0, "font": {"size": 1, "color": "rgba(0,0,0,0)"}}
    current = {"prefix": "", "xanchor": "right", "font": {"size": 13, "color": "#7a818c"}, "offset": 6}
    return {"steps": steps, "currentvalue": current, "active": 0} | place | quiet


def _label(recording: Recording, t: int) -> str:
    return f"{recording.times[t]:.2f} s" if recording.clocked else f"frame {recording.times[t]:g}"


def _interval(recording: Recording, step: int) -> float:
    """Milliseconds between two shown frames: real time where there is a clock, 25 a second elsewhere."""
    if recording.clocked and len(recording.times) > 1:
        return float(np.clip(1000 * step * np.median(np.diff(recording.times)), 20, 1000))
    return 40.0


def _order(links: np.ndarray) -> np.ndarray:
    """Both ends of each link and a gap after it: indices of which -1 is no point, (3L,)."""
    return np.concatenate([links, np.full((len(links), 1), -1)], axis=1).reshape(-1)


def _xyz(points: np.ndarray, order: np.ndarray) -> dict[str, Any]:
    return _columns(np.concatenate([points, np.full((1, 3), np.nan)])[order])


def _columns(points: np.ndarray) -> dict[str, Any]:
    """Columns x, y, z to a tenth of a millimetre, None where missing."""
    return {name: compact(points[:, i], 4) for i, name in enumerate("xyz")}


def compact(values: np.ndarray, digits: int) -> list[Any]:
    """Return an array as nested lists, rounded, None in place of what is not finite."""
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values)
    if finite.all():
        return np.round(values, digits).tolist()
    return np.where(finite, np.round(np.where(finite, values, 0.0), digits), None).tolist()


def plain(name: str) -> str:
    """Return a name that plotly shows as it is: it reads a subset of HTML in every text."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
