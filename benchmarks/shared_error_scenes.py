"""Scenes with errors that are shared: slow noise, and rigs that are not where their calibration says."""

import cv2
import numpy as np
from triangulation_scenes import rig as ring

from mvtri import CameraGroup

__all__ = ["displaced", "off", "ring", "slow", "walking_body"]


def walking_body(frames, keypoints, rng):
    """Return points (T, K, 3) of a stiff body that walks about the middle of the room, m."""
    base = np.c_[rng.normal(0.0, 0.25, (keypoints, 2)), rng.uniform(0.2, 1.8, keypoints)]
    path = np.cumsum(rng.normal(0.0, 0.01, (frames, 1, 2)), axis=0)
    return base + np.concatenate([path, np.zeros((frames, 1, 1))], axis=-1)


def slow(cams, frames, keypoints, sigma, correlation, seed):
    """Return points (T, K, 3) and pixels (T, K, C, 2) with noise that correlates from frame to frame."""
    rng = np.random.default_rng(seed)
    points = walking_body(frames, keypoints, rng)
    noise = rng.normal(size=(frames, keypoints, len(cams), 2))
    for t in range(1, frames):
        noise[t] = correlation * noise[t - 1] + np.sqrt(1.0 - correlation**2) * noise[t]
    return points, cams.project(points) + noise * np.asarray(sigma)[:, None]


def displaced(cams, degrees, metres, rng):
    """Return cameras turned by N(0, `degrees`) about each axis, and moved by N(0, `metres`)."""
    rotations, translations = [], []
    for R, t in zip(cams.rotations, cams.translations):
        turned = cv2.Rodrigues(np.radians(degrees) * rng.normal(size=3))[0] @ R
        centre = -R.T @ t + metres * rng.normal(size=3)
        rotations.append(turned)
        translations.append(-turned @ centre)
    fields = ("names", "image_sizes", "matrices", "distortions", "models")
    return CameraGroup(
        rotations=rotations, translations=translations, **{name: getattr(cams, name) for name in fields}
    )


def off(cams, frames, keypoints, noise, degrees, metres, seed):
    """Return points (T, K, 3) and pixels (T, K, C, 2) that cameras saw which are not quite `cams`."""
    rng = np.random.default_rng(seed)
    points = walking_body(frames, keypoints, rng)
    pixels = displaced(cams, degrees, metres, rng).project(points)
    return points, pixels + noise * rng.normal(size=pixels.shape)
