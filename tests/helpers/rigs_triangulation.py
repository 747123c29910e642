"""Rigs and scenes for the tests of triangulation."""

import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.kernels.triangulation import layout

LENSES = {
    "opencv": [-0.2, 0.24, -0.002, 0.001, -0.003],
    "fisheye": [0.02, -0.01, 0.003, -0.001],
    "human36m": [-0.2, 0.24, -0.002, 0.001, -0.003],
}


def look_at(centre, target, roll=0.0):
    """Return R, t of a camera at `centre` that looks at `target`, the world's z up."""
    forward = np.subtract(target, centre)
    forward = forward / np.linalg.norm(forward)
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 0.999 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    R = np.stack([right, np.cross(forward, right), forward])
    c, s = np.cos(roll), np.sin(roll)
    R = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ R
    return R, -R @ np.asarray(centre, dtype=float)


def rig(centres, target=(0.0, 0.0, 1.0), model="opencv", focal=1150.0, lens=None):
    """Return cameras at `centres` that look at `target`."""
    poses = [look_at(centre, target) for centre in centres]
    count = len(poses)
    return CameraGroup(
        names=[f"cam{i}" for i in range(count)],
        image_sizes=[[1000, 1000]] * count,
        matrices=[[[focal, 0, 500], [0, focal, 505], [0, 0, 1]]] * count,
        distortions=[lens or LENSES[model]] * count,
        rotations=[R for R, _ in poses],
        translations=[t for _, t in poses],
        models=model,
    )


def ring(count, radius=5.0, height=1.5, model="opencv"):
    """Return cameras on a circle about the room's axis."""
    angles = 2 * np.pi * np.arange(count) / count + 0.3
    centres = np.stack([radius * np.cos(angles), radius * np.sin(angles), np.full(count, height)], axis=1)
    return rig(centres, model=model)


def scene(count, cams=None, noise=3.0, hit=0.1, outlier=80.0, seed=0):
    """Return cameras, points, their noisy pixels, and which of those are outliers (one of a hit point)."""
    cams = cams or ring(4)
    rng = np.random.default_rng(seed)
    points = np.c_[rng.normal(0, 0.4, (count, 2)), rng.uniform(0.2, 1.8, count)]
    pixels = cams.project(points)
    pixels = pixels + noise * rng.normal(size=pixels.shape)
    wrong = np.zeros(pixels.shape[:2], dtype=bool)
    chosen = rng.random(count) < hit
    wrong[np.arange(count)[chosen], rng.integers(0, len(cams), count)[chosen]] = True
    pixels[wrong] += rng.normal(0, outlier, (wrong.sum(), 2))
    return cams, points, pixels, wrong


def table(array):
    """Return a block's array with its points along the last axis."""
    return array.reshape(*array.shape[:-1], -1, layout.WIDTH)


def subset_table(count):
    """Return memory for sums over all subsets of `count` views, or for all hypotheses."""
    return np.zeros((1 << count, layout.SUM_COLUMNS))


def poses(rotations, translations, typical=None):
    """Return a kernels' rig of which nothing but poses and typical depths is known."""
    depths = np.ones(len(rotations)) if typical is None else typical
    nothing = np.zeros(0)
    return layout.Rig(
        nothing, nothing, nothing, rotations, translations, depths, nothing, nothing, nothing, None
    )
