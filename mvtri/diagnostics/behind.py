"""Cameras that have the person behind them: no view of theirs counts, so nothing else shows that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvtri.diagnostics.displacement import Views, locate
from mvtri.plausibility.finding import Finding
from mvtri.plausibility.views import poses_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

MOST = 0.5  # of a camera's views of points that others locate


def people_behind(points2d: NDArray[np.float64], cameras: CameraGroup) -> list[Finding]:
    """Return which cameras see what is behind them, as the other cameras place it.

    Parameters
    ----------
    points2d : ndarray, shape (T, K, C, 2)
        px; NaN for views that do not count.
    cameras : CameraGroup
        C cameras.
    """
    normalised, poses, behind = cameras.undistort(points2d), poses_of(cameras), []
    used = np.asarray(np.isfinite(normalised).all(axis=-1))
    for camera in range(len(cameras)):
        others = used.copy()
        others[..., camera] = False
        points = locate(Views(normalised, others), poses)
        depth = (points - poses.centers[camera]) @ poses.rotations[camera, 2]
        known = depth[used[..., camera] & np.isfinite(depth)]
        if len(known) and (known < 0).mean() > MOST:
            behind.append(str(cameras.names[camera]))
    if not behind:
        return []
    which = f"camera {behind[0]}" if len(behind) == 1 else f"cameras {' and '.join(behind)}"
    text = (
        f"The person is behind {which}, as the other cameras place them, and no camera sees what is behind "
        "it. A pose is wrong: check the signs of R and t (mvtri expects Xc = R X + t, from the world to the "
        "camera, z forward), or calibrate again."
    )
    kind = "camera" if len(behind) == 1 else "contradiction"
    return [Finding(kind, "bad", text, cameras=tuple(behind))]  # type: ignore[arg-type]
