"""A person who walks about a room, and what a detector says: for tests of calibration from people."""

import numpy as np
from scipy.spatial.transform import Rotation

from mvtri import get_skeleton, human36m_cameras
from mvtri.calib.bundle.align import align
from mvtri.synthetic import Body, animate, walk

CAMS = human36m_cameras("S9")
NAMES = get_skeleton("spinetrack37").keypoints


def walking(seed, frames, radius=1.3, fps=50.0):
    """Return keypoints (T, 37, 3), m, of a person who walks along a winding circle."""
    rng = np.random.default_rng(seed)
    points = animate(Body.sample(rng), walk(frames, fps)).keypoints
    points = points - points.mean(axis=1, keepdims=True) * [1.0, 1.0, 0.0]
    angle = 1.2 / radius * np.arange(frames) / fps + rng.uniform(0.0, 6.0)
    reach = radius * (0.6 + 0.4 * np.sin(0.37 * angle + 1.0))
    place = np.stack([reach * np.cos(angle), reach * np.sin(angle), 0.0 * angle], axis=-1)
    way = np.gradient(place, axis=0)
    turns = Rotation.from_euler("z", np.arctan2(way[:, 1], way[:, 0])[:, None]).as_matrix()
    return np.einsum("tij,tkj->tki", turns, points) + place[:, None]


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
