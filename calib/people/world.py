"""What is up, where the floor is and how large all is, as a person shows it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.align import Similarity
from mvtri.cameras import CameraGroup
from mvtri.plausibility.body import stature_of

Floats = NDArray[np.float64]
_LOW = ("ankle", "heel", "big_toe", "small_toe")
_FLOOR = 0.02  # quantile of the heights of feet


def stand_up(
    cams: CameraGroup, points: NDArray[Any], keypoints: Sequence[str] | None, height: float
) -> tuple[Similarity, float]:
    """Return what brings z up, the floor to 0 and the person to the middle, and the stature for the scale.

    Up is the mean way from the ankles to the shoulders.  Where keypoints do not tell, nothing changes and the
    stature is NaN.

    Parameters
    ----------
    cams : CameraGroup
    points : ndarray, shape (T, K, 3)
        The person.
    keypoints : sequence of str or None
    height : float
        m.
    """
    names = list(keypoints or ())
    stature = stature_of(points, names) if names else float("nan")
    ankles, shoulders = (_mean(points, names, part) for part in ("ankle", "shoulder"))
    if not np.isfinite(stature) or ankles is None or shoulders is None:
        return Similarity(1.0, np.eye(3), np.zeros(3)), float("nan")
    way = np.nanmean(shoulders - ankles, axis=0)
    up = way / np.linalg.norm(way)
    toward = cams.centers[0] - np.nanmean(ankles, axis=0)
    toward -= (toward @ up) * up
    x = toward / np.linalg.norm(toward)
    turn = np.stack([x, np.cross(up, x), up])
    scale = height / stature
    feet = [points[:, i] for i, name in enumerate(names) if name.endswith(_LOW)]
    heights = np.concatenate(feet) @ up
    origin = np.nanmean(ankles, axis=0)
    origin = origin + (np.nanquantile(heights, _FLOOR) - origin @ up) * up
    return Similarity(scale, turn, -scale * turn @ origin), height


def _mean(points: NDArray[Any], names: Sequence[str], part: str) -> Floats | None:
    """Return the middle (T, 3) of the left and the right keypoint of a part of the body."""
    places = [names.index(f"{side}_{part}") for side in ("left", "right") if f"{side}_{part}" in names]
    return points[:, places].mean(axis=1) if len(places) == 2 else None
