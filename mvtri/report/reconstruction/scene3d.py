"""What the 3D viewer shows beside people: the floor, the cameras, the axes, and from where one looks."""

import itertools
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.report.html import colours
from mvtri.report.html.plotly_values import compact

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

FRUSTUM = 0.4  # depth of a drawn camera, m, at most
MAX_LINES = 40  # of the floor, each way
CAMERA = "#7d8896"
_ASIDE = np.radians(28)  # of the first camera's line of sight
_TOP, _SIDE = (
    0.37,
    0.60,
)  # tangents, up and aside, of what plotly's lens of 45 degrees has well in the picture


def people_bounds(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (3,), (3,) of a box about people (..., 3), m, half a percent left out."""
    flat = position.reshape(-1, 3)
    flat = flat[np.isfinite(flat).all(axis=1)]
    if not len(flat):
        return np.array([-1.0, -1.0, 0.0]), np.array([1.0, 1.0, 2.0])
    low, high = np.percentile(flat, [0.5, 99.5], axis=0)
    return low, high


def cell_size(low: np.ndarray, high: np.ndarray, cameras: "CameraGroup | None") -> float:
    """Return the side of a square of the floor, m: 0.5, 1, 2, 5 and so on, so that there are not too many."""
    low, high = _with_cameras(low, high, cameras)
    extent = float((high - low)[:2].max())
    return next(
        (s for s in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0) if extent / s < MAX_LINES), extent / MAX_LINES
    )


def floor_traces(low: np.ndarray, high: np.ndarray, cameras: "CameraGroup | None") -> list[dict[str, Any]]:
    """Return a grid at the height of the lowest point, and the three axes in one of its corners."""
    size = cell_size(low, high, cameras)
    start, end = _with_cameras(low, high, cameras)
    start, end = np.floor(start[:2] / size) * size, np.ceil(end[:2] / size) * size
    level = float(low[2])
    gap = [np.nan] * 3
    lines: list[list[float]] = []
    for x in np.arange(start[0], end[0] + size / 2, size):
        lines += [[x, start[1], level], [x, end[1], level], gap]
    for y in np.arange(start[1], end[1] + size / 2, size):
        lines += [[start[0], y, level], [end[0], y, level], gap]
    grid = _lines("floor", CAMERA, 1) | columns(np.array(lines)) | {"opacity": 0.35}
    return [grid, *_axes(np.array([start[0], start[1], level]))]


def _axes(origin: np.ndarray) -> list[dict[str, Any]]:
    traces = []
    for index, (name, colour) in enumerate(zip("xyz", colours.AXES)):
        tip = origin + 0.6 * np.eye(3)[index]
        arrow = _lines(name, colour, 5) | columns(np.array([origin, tip])) | {"mode": "lines+text"}
        traces.append(arrow | {"text": ["", name], "textfont": {"size": 13, "color": colour}})
    return traces


def cameras_traces(cameras: "CameraGroup") -> list[dict[str, Any]]:
    """Return each camera as a pyramid of lines, and their names."""
    centres, depth = np.asarray(cameras.centers), drawn_depth(cameras)
    order = [0, 1, 2, 0, 3, 4, 0, -1, 1, 4, -1, 2, 3, -1]
    gap = np.full((1, 3), np.nan)
    lines = [
        np.concatenate([centres[index : index + 1], frustum_corners(cameras, index, depth), gap])[order]
        for index in range(len(cameras))
    ]
    names = (
        _lines("cameras", CAMERA, 1)
        | columns(centres)
        | {"mode": "text", "text": [escape(n, quote=False) for n in cameras.names]}
    )
    names |= {"textposition": "top center", "textfont": {"size": 12, "color": CAMERA}}
    return [_lines("cameras", CAMERA, 3) | columns(np.concatenate(lines)), names]


def drawn_depth(cameras: "CameraGroup") -> float:
    """Return how deep the drawn pyramids are, m."""
    centres = np.asarray(cameras.centers)
    spread = float(np.linalg.norm(centres - centres.mean(axis=0), axis=1).mean())
    return min(FRUSTUM, 0.12 * spread) if spread > 0 else FRUSTUM


def frustum_corners(cameras: "CameraGroup", index: int, depth: float) -> np.ndarray:
    """Return where the image corners of a camera lie in the world, m, at that depth (m); shape (4, 3).

    In the order top left, top right, bottom right, bottom left; lens distortion is left out.
    """
    width, height = (float(value) for value in cameras.image_sizes[index])
    pixels = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]]) - [0.5, 0.5, 0]
    rays = np.linalg.solve(np.asarray(cameras.matrices[index]), pixels.T) * depth
    rotation, translation = np.asarray(cameras.rotations[index]), np.asarray(cameras.translations[index])
    corners: np.ndarray = (rotation.T @ (rays - translation[:, None])).T
    return corners


def scene(
    low: np.ndarray, high: np.ndarray, cameras: "CameraGroup | None", whole_rig: bool = False
) -> dict[str, Any]:
    """Return plotly's scene: axes equal and hidden, z up, people in the middle.

    With `whole_rig` all cameras are in the first view, and what is in the middle is people and cameras.
    """
    middle, size = (low + high) / 2, max(float((high - low).max()), 1.0)
    shown = _people_and_cameras(low, high, cameras) if cameras is not None and whole_rig else None
    if shown is not None:
        middle = (shown.min(axis=0) + shown.max(axis=0)) / 2
    away = np.array([1.0, -1.0]) if cameras is None else (np.asarray(cameras.centers)[0] - middle)[:2]
    away = away / max(float(np.linalg.norm(away)), 1e-9)
    turn = np.array([[np.cos(_ASIDE), -np.sin(_ASIDE)], [np.sin(_ASIDE), np.cos(_ASIDE)]]) @ away
    offset = np.array([1.35 * turn[0], 1.35 * turn[1], 0.45])
    if shown is not None:
        offset *= far_enough(middle, offset, shown) / size
    elif cameras is not None:
        offset *= stand_back(middle, offset * size, np.asarray(cameras.centers))
    low, high = _with_cameras(low, high, cameras)
    low, high = low - 1.0, high + 1.0
    # plotly measures the view in units of the aspect ratio, from the middle of the axes' ranges
    centre = (middle - (low + high) / 2) / size
    eye = centre + offset
    axis = {"visible": False, "showspikes": False}
    axes = {f"{name}axis": axis | {"range": [float(low[i]), float(high[i])]} for i, name in enumerate("xyz")}
    view = {"up": {"x": 0, "y": 0, "z": 1}, "center": dict(zip("xyz", centre.tolist()))}
    view |= {"eye": dict(zip("xyz", eye.tolist()))}
    ratio = dict(zip("xyz", ((high - low) / size).tolist()))
    return axes | {"aspectmode": "manual", "aspectratio": ratio, "camera": view, "dragmode": "turntable"}


def stand_back(middle: np.ndarray, offset: np.ndarray, centres: np.ndarray) -> float:
    """Return how many times as far from people to look so that the fewest cameras are cut off, 1 to 1.8.

    Parameters
    ----------
    middle, offset : ndarray, shape (3,)
        What is looked at, m, and where the eye is from there, m, at 1.
    centres : ndarray, shape (C, 3)
        Of the cameras, m.
    """
    ahead, right, up = _line_of_sight(offset)
    factors = np.linspace(1.0, 1.8, 17)
    tops = centres + [0.0, 0.0, FRUSTUM]  # with their pyramids and names
    seen = tops - (middle + factors[:, None, None] * offset)
    depth = seen @ ahead
    inside = (depth > 0) & (np.abs(seen @ right) < _SIDE * depth)
    cut = inside & (np.abs(seen @ up) > _TOP * depth)
    return float(factors[cut.sum(axis=1).argmin()])


def far_enough(middle: np.ndarray, offset: np.ndarray, points: np.ndarray) -> float:
    """Return how many times as far as `offset`, m, from `middle` all points (P, 3) are in view."""
    ahead, right, up = _line_of_sight(offset)
    away = points - middle
    needed = np.maximum(np.abs(away @ right) / _SIDE, np.abs(away @ up) / _TOP) - away @ ahead
    return float(needed.max() / np.linalg.norm(offset))


def _line_of_sight(offset: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the directions ahead, to the right and up, of an eye at `offset` from what it looks at."""
    ahead = -offset / np.linalg.norm(offset)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= max(float(np.linalg.norm(right)), 1e-9)
    return ahead, right, np.cross(right, ahead)


def _people_and_cameras(low: np.ndarray, high: np.ndarray, cameras: "CameraGroup") -> np.ndarray:
    """Return the corners of the box of people and of the drawn cameras, with room for their names (P, 3)."""
    centres, depth = np.asarray(cameras.centers), drawn_depth(cameras)
    pyramids = [frustum_corners(cameras, index, depth) for index in range(len(cameras))]
    box = np.array(list(itertools.product(*zip(low, high))))
    return np.concatenate([box, centres, centres + [0.0, 0.0, depth], *pyramids])


def xyz(points: np.ndarray, order: np.ndarray) -> dict[str, Any]:
    """Return the points (K, 3) in that order as a trace of plotly; -1 is a gap."""
    return {"type": "scatter3d"} | columns(np.concatenate([points, np.full((1, 3), np.nan)])[order])


def columns(points: np.ndarray) -> dict[str, Any]:
    """Return points (K, 3), m, as columns x, y, z to a tenth of a millimetre, None where missing."""
    return {name: compact(points[:, index], 4) for index, name in enumerate("xyz")}


def _lines(name: str, colour: str, width: float) -> dict[str, Any]:
    style = {"type": "scatter3d", "name": name, "mode": "lines", "hoverinfo": "skip", "connectgaps": False}
    return style | {"line": {"width": width, "color": colour}}


def _with_cameras(
    low: np.ndarray, high: np.ndarray, cameras: "CameraGroup | None"
) -> tuple[np.ndarray, np.ndarray]:
    if cameras is None:
        return low - 0.3, high + 0.3
    centres = np.asarray(cameras.centers)
    return np.minimum(low, centres.min(axis=0)) - 0.3, np.maximum(high, centres.max(axis=0)) + 0.3
