"""How sure a lens is: standard deviations of projection over the image, and differences of two calibrations.

A small turn of the camera and a change of its lens move pixels alike, and the turn is part of the pose.  So
both measures are what a turn cannot take away, as mrcal does it (https://mrcal.secretsauce.net).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mvtri.calib.boards.board import Floats
from mvtri.cameras import CameraGroup

GRID = (24, 16)  # points across the longer and the shorter side of the image
_STEPS = {"focal": 1e-6, "fx": 1e-3, "fy": 1e-3, "cx": 1e-3, "cy": 1e-3}
_ROUNDS = 3
_NAMES = {"opencv": ("k1", "k2", "p1", "p2", "k3"), "fisheye": ("k1", "k2", "k3", "k4")}


def grid_of(camera: CameraGroup, index: int = 0) -> Floats:
    """Return pixels over the image, shape (rows, columns, 2)."""
    width, height = camera.image_sizes[index]
    columns, rows = GRID if width >= height else GRID[::-1]
    x, y = np.meshgrid((np.arange(columns) + 0.5) * width / columns, (np.arange(rows) + 0.5) * height / rows)
    return np.stack([x, y], axis=-1) - 0.5


def projection_deviations(
    camera: CameraGroup, names: Sequence[str], covariance: Floats, index: int = 0
) -> Floats:
    """Return the standard deviation of projection, px, over `grid_of` (rows, columns); NaN beyond the lens.

    Parameters
    ----------
    camera : CameraGroup
    names : sequence of n str
        The parameters of the lens: focal (a factor), fx, fy, cx, cy, k1, ...
    covariance : ndarray, shape (n, n)
    index : int
        Which camera.
    """
    grid = grid_of(camera, index)
    lens = _Lens(camera, index)
    rays = lens.rays(grid.reshape(-1, 2))
    good = np.isfinite(rays[:, 0])
    columns = [lens.derivative(rays[good], name) for name in names]
    jacobian = _without_turn(np.stack(columns, axis=-1), lens.turns(rays[good]))
    variances = np.einsum("gin,nm,gim->g", jacobian, covariance, jacobian) / 2
    found = np.full(len(rays), np.nan)
    found[good] = np.sqrt(np.maximum(variances, 0.0))
    return found.reshape(grid.shape[:2])


def lens_difference(one: CameraGroup, other: CameraGroup, index: int = 0) -> Floats:
    """Return by how much projections of two calibrations of one camera differ, px, shape (rows, columns, 2).

    The turn between the two that makes the differences least is taken off.
    """
    grid = grid_of(one, index)
    first, second = _Lens(one, index), _Lens(other, index)
    pixels = grid.reshape(-1, 2)
    rays = first.rays(pixels)
    good = np.isfinite(rays[:, 0])
    points = np.c_[rays[good], np.ones(good.sum())]
    turned = points
    for _ in range(_ROUNDS):
        apart = second.project(turned) - pixels[good]
        turns = second.turns(turned[:, :2] / turned[:, 2:])
        seen = np.isfinite(apart[:, 0])
        step = np.linalg.lstsq(turns[seen].reshape(-1, 3), -apart[seen].ravel(), rcond=None)[0]
        turned = turned + np.cross(step, turned)
    found = np.full(pixels.shape, np.nan)
    found[good] = second.project(turned) - pixels[good]
    return found.reshape(grid.shape)


def _without_turn(jacobian: Floats, turns: Floats) -> Floats:
    """Return (G, 2, n) less what the columns of `turns` (G, 2, 3) explain."""
    basis, _ = np.linalg.qr(turns.reshape(-1, 3))
    flat = jacobian.reshape(len(basis), -1)
    left: Floats = (flat - basis @ (basis.T @ flat)).reshape(jacobian.shape)
    return left


class _Lens:
    """One camera of a group at the origin of the world, and derivatives of its projection."""

    def __init__(self, cameras: CameraGroup, index: int):
        self.name, self.size = cameras.names[index], cameras.image_sizes[index]
        self.matrix, self.distortion = cameras.matrices[index], cameras.distortions[index]
        self.model = cameras.models[index]
        self.camera = self._with(self.matrix, self.distortion)

    def _with(self, matrix: Floats, distortion: Floats) -> CameraGroup:
        return CameraGroup(
            names=[self.name],
            image_sizes=[self.size],
            matrices=[matrix],
            distortions=[distortion],
            rotations=[np.eye(3)],
            translations=[np.zeros(3)],
            models=self.model,
        )

    def rays(self, pixels: Floats) -> Floats:
        return self.camera.undistort(pixels[:, None])[:, 0]

    def project(self, points: Floats) -> Floats:
        return self.camera.project(points)[:, 0]

    def derivative(self, rays: Floats, name: str) -> Floats:
        """Return d pixel / d parameter, shape (G, 2)."""
        step = _STEPS.get(name, 1e-6)
        points = np.c_[rays, np.ones(len(rays))]
        up, down = (self._moved(name, sign * step).project(points)[:, 0] for sign in (1, -1))
        found: Floats = (up - down) / (2 * step)
        return found

    def _moved(self, name: str, step: float) -> CameraGroup:
        matrix, distortion = self.matrix.copy(), self.distortion.copy()
        places = {"fx": (0, 0), "fy": (1, 1), "cx": (0, 2), "cy": (1, 2)}
        if name == "focal":
            matrix[0, 0] *= 1 + step
            matrix[1, 1] *= 1 + step
        elif name in places:
            matrix[places[name]] += step
        else:
            distortion[_NAMES[self.model].index(name)] += step
        return self._with(matrix, distortion)

    def turns(self, rays: Floats) -> Floats:
        """Return d pixel / d turn of the rays about x, y, z, shape (G, 2, 3)."""
        points, step = np.c_[rays, np.ones(len(rays))], 1e-6
        columns = []
        for axis in np.eye(3):
            move = step * np.cross(axis, points)
            columns.append((self.project(points + move) - self.project(points - move)) / (2 * step))
        return np.stack(columns, axis=-1)
