"""A person who walks about a room, and what a detector says: for tests of calibration from people."""

import numpy as np
from scipy.spatial.transform import Rotation

from mvtri import get_skeleton, human36m_cameras
from mvtri.calib.bundle.align import align

CAMS = human36m_cameras("S9")
NAMES = get_skeleton("spinetrack37").keypoints


def seen(points, seed=0, constant=1.0, noise=2.0, cams=CAMS):
    """Return pixels (T, K, C, 2) with errors that are constant for a keypoint in a view, and noise."""
    rng = np.random.default_rng(seed)
    pixels = cams.project(points)
    return pixels + rng.normal(0, constant, (1, *pixels.shape[1:])) + rng.normal(0, noise, pixels.shape)


def distances(found, true=CAMS):
    """Return turns, degrees, and distances, m, from the true cameras, one laid over the other."""
    laid = align(found, true, robust=False).cameras(found)
    turns = Rotation.from_matrix(laid.rotations @ true.rotations.transpose(0, 2, 1)).magnitude()
    return np.degrees(turns), np.linalg.norm(laid.centers - true.centers, axis=1)
