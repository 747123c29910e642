"""Scenes with known truth for the benchmarks of triangulation."""

import dataclasses
import math

import numpy as np

from mvtri import CameraGroup, human36m_cameras
from mvtri.triangulation import triangulate

LENS = [-0.2, 0.24, -0.001, 0.001, -0.003]


@dataclasses.dataclass(frozen=True)
class Scene:
    """Points (n, 3), their observations (n, C, 2), which of these are outliers, and covariances."""

    cams: CameraGroup
    points: np.ndarray
    pixels: np.ndarray
    wrong: np.ndarray
    sigma: np.ndarray  # (n, C), px, what the noise was made with

    @property
    def covariances(self):
        return (self.sigma**2)[..., None, None] * np.eye(2)

    def bound(self):
        """Return the errors, mm, of the estimate that knows outliers and covariances."""
        pixels = np.where(self.wrong[..., None], np.nan, self.pixels)
        result = triangulate(pixels, self.cams, covariances=self.covariances, noise=1.0, threshold=1e3)
        return self.errors(result.points)

    def errors(self, points):
        """Return the errors of points, mm."""
        return np.linalg.norm(points - self.points, axis=-1) * 1e3


def rig(count, spread=360.0, radius=5.0, height=1.5, lens=LENS):
    """Return cameras on an arc about the room's axis, `spread` degrees wide, that look at its middle."""
    step = spread / count if spread >= 360.0 else spread / max(count - 1, 1)
    angles = np.radians(17.0 + step * np.arange(count))
    rotations, translations = [], []
    for i, angle in enumerate(angles):
        centre = np.array([radius * math.cos(angle), radius * math.sin(angle), height + 0.15 * (-1) ** i])
        forward = np.array([0.0, 0.0, 1.0]) - centre
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        R = np.stack([right, np.cross(forward, right), forward])
        rotations.append(R)
        translations.append(-R @ centre)
    return CameraGroup(
        names=[f"cam{i}" for i in range(count)],
        image_sizes=[[1000, 1000]] * count,
        matrices=[[[1150.0, 0.0, 500.0], [0.0, 1150.0, 500.0], [0.0, 0.0, 1.0]]] * count,
        distortions=[lens] * count,
        rotations=rotations,
        translations=translations,
    )


def pinhole(cams):
    """Return the same cameras without distortion."""
    fields = ("names", "image_sizes", "matrices", "rotations", "translations")
    return CameraGroup(distortions=[[0.0] * 4] * len(cams), **{name: getattr(cams, name) for name in fields})


def people(cams, count, rng):
    """Return points N(0, 400 mm) about the room's axis, 0.2 to 1.8 m high, and their pixels."""
    points = np.c_[rng.normal(0.0, 0.4, (count, 2)), rng.uniform(0.2, 1.8, count)]
    return points, cams.project(points)


fresh = 0  # other than 0: other seeds than those of the committed tables


def extra_seed():
    """Return what to add to the seed of a scene."""
    return [fresh] if fresh else []


def make(cams, count, noise=3.0, rate=0.0, kind="normal", seed=0, spread=80.0):
    """Return a scene in which each observation is an outlier with probability `rate`.

    `kind` of noise: ``normal``; ``own``: each observation has a known standard deviation of its own, 1/3 to 3
    times `noise`; ``heavy``: Student's t with 3 degrees of freedom, scaled to that standard deviation.
    """
    rng = np.random.default_rng([seed, len(cams), int(noise * 10), int(rate * 1000), *extra_seed()])
    points, pixels = people(cams, count, rng)
    sigma = np.full(pixels.shape[:2], noise)
    if kind == "own":
        sigma = noise * 3.0 ** rng.uniform(-1, 1, sigma.shape)
    draws = (
        rng.standard_t(3, pixels.shape) / math.sqrt(3) if kind == "heavy" else rng.normal(size=pixels.shape)
    )
    pixels = pixels + sigma[..., None] * draws
    wrong = rng.random(sigma.shape) < rate
    pixels[wrong] += rng.normal(0.0, spread, (wrong.sum(), 2))
    return Scene(cams, points, pixels, wrong, sigma)


def one_hit(cams, count, noise=3.0, hit=0.1, seed=0):
    """Return a scene in which one camera of a share `hit` of the points is wrong by N(0, 80 px)."""
    rng = np.random.default_rng([seed, *extra_seed()] if fresh else seed)
    points, pixels = people(cams, count, rng)
    pixels = pixels + noise * rng.normal(size=pixels.shape)
    wrong = np.zeros(pixels.shape[:2], dtype=bool)
    chosen = np.flatnonzero(rng.random(count) < hit)
    wrong[chosen, rng.integers(0, len(cams), len(chosen))] = True
    pixels[wrong] += rng.normal(0.0, 80.0, (len(chosen), 2))
    return Scene(cams, points, pixels, wrong, np.full(wrong.shape, noise))


def s9(distorted=True):
    """Return the rig of Human3.6M's subject S9."""
    cams = human36m_cameras("S9")
    return cams if distorted else pinhole(cams)
