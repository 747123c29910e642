"""How sure the places of cameras are, as ellipsoids in the 3D picture of a rig."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.report.html import colours
from mvtri.report.reconstruction.scene3d import columns

Floats = NDArray[np.float64]

WITHIN = 2.7955  # standard deviations: 95 % of a normal distribution in space (chi-square, 3 degrees)
ENLARGED = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)  # times, so that one sees them
ROUND = 25  # points of a circle
COLOUR = colours.PEOPLE[1]


def places_of(pose_covariance: Floats) -> Floats:
    """Return the covariances (C, 3, 3), m^2, of the cameras' places, of that of poses (6C, 6C)."""
    C = len(pose_covariance) // 6
    blocks = np.asarray(pose_covariance).reshape(C, 6, C, 6)[:, 3:, :, 3:]
    return np.ascontiguousarray(blocks[np.arange(C), :, np.arange(C)])


def half_lengths(places: Floats) -> Floats:
    """Return the longest half axis, m, of each 95 % ellipsoid (C,) of covariances (C, 3, 3), m^2."""
    found: Floats = WITHIN * np.sqrt(np.maximum(np.linalg.eigvalsh(places)[:, -1], 0.0))
    return found


def enlargement(places: Floats, room: float) -> int:
    """Return how many times larger to draw ellipsoids so that the largest half axis fits into `room`, m."""
    largest = float(half_lengths(places).max(initial=0.0))
    return max((times for times in ENLARGED if times * largest <= room), default=1)


def ellipsoid_traces(centers: Floats, places: Floats, room: float) -> list[dict[str, Any]]:
    """Return the 95 % ellipsoids of places as traces of plotly: three circles each.

    Parameters
    ----------
    centers : ndarray, shape (C, 3)
        m.
    places : ndarray, shape (C, 3, 3)
        Covariances, m^2.
    room : float
        How long the longest half axis may be drawn, m.
    """
    times = enlargement(places, room)
    angles = np.linspace(0.0, 2.0 * np.pi, ROUND)
    lines = []
    for center, place in zip(centers, places):
        sizes, axes = np.linalg.eigh(place)
        half = times * WITHIN * np.sqrt(np.maximum(sizes, 0.0)) * axes  # columns
        for first, second in ((0, 1), (0, 2), (1, 2)):
            circle = np.cos(angles)[:, None] * half[:, first] + np.sin(angles)[:, None] * half[:, second]
            lines += [center + circle, np.full((1, 3), np.nan)]
    style: dict[str, Any] = {"type": "scatter3d", "name": "uncertainty", "mode": "lines", "hoverinfo": "skip"}
    style |= {"connectgaps": False, "line": {"width": 2, "color": COLOUR}}
    return [style | columns(np.concatenate(lines))] if lines else []


def ellipsoid_words(places: Floats, room: float) -> str:
    """Return what the legend says of the ellipsoids."""
    sizes = 1000 * half_lengths(places)
    times = enlargement(places, room)
    drawn = {1: "", 2: ", drawn twice as large"}.get(times, f", drawn {times:,} times as large")
    reach = (
        f"{sizes.min():.2g}"
        if sizes.max() < 1.05 * sizes.min()
        else f"{sizes.min():.2g} to {sizes.max():.2g}"
    )
    reach = f"{reach} mm from the middle to the far end"
    return f"each camera is inside with 95 % probability; {reach}{drawn}"
