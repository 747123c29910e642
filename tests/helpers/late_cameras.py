"""People before cameras that show each moment at another time, for tests of synchronisation."""

import numpy as np
from scipy.interpolate import CubicSpline

from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body, animate, random_motion
from mvtri.synthetic.random_processes import lasting_normal
from mvtri.tracks import make_detections

SKELETON = get_skeleton("spinetrack37")
KEYPOINTS = [SKELETON.keypoints.index(f"{side}_{joint}") for side in ("left", "right")
             for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")]  # fmt: skip
NAMES = [SKELETON.keypoints[index] for index in KEYPOINTS]


def late_views(cams, offsets, frames=300, seed=0, noise=2.0, bias=4.0, drift=0.0):
    """Return 2D (T, 12, C, 2), px: camera c shows in frame t + offsets[c] + drift t what camera 0 shows in t.

    Errors last for five frames, a part of them is constant, and one view in a hundred is 60 px off.
    """
    rng = np.random.default_rng(seed)
    reach = 15  # frames before and after: more than any offset
    points = animate(Body(), random_motion(frames + 2 * reach, rng)).keypoints[:, KEYPOINTS]
    points[..., :2] -= points[..., :2].mean(axis=(0, 1))
    motion = CubicSpline(np.arange(-reach, frames + reach), points, axis=0)
    t = np.arange(frames)
    middle = 0.5 * (frames - 1)
    views = [
        cams.project(motion(t - offset - (camera == 1) * drift * (t - middle)))[:, :, camera]
        for camera, offset in enumerate(offsets)
    ]
    seen = np.stack(views, axis=2)
    seen += bias * rng.standard_normal(seen.shape[1:]) + noise * lasting_normal(rng, seen.shape, 5.0)
    wrong = rng.random(seen.shape[:3]) < 0.01
    seen[wrong] += rng.normal(0.0, 60.0, (wrong.sum(), 2))
    return seen


def late_detections(cams, points2d, fps=50.0, times=None):
    """Return Detections of one person, not associated."""
    return make_detections(
        points2d[:, None],
        np.isfinite(points2d[:, None, ..., 0]).astype(float),
        keypoints=NAMES,
        cameras=cams.names,
        image_sizes=cams.image_sizes,
        fps=fps,
        times=times,
    )
