"""Offsets to a fraction of a frame: least squares in all views, with the points and lasting errors unknown.

A shift of camera c by d frames moves its pixels by d times their velocity.  What the 3D points can take up of
that says nothing: only the part of the residuals that no point explains does, so points drop out by
projection.  A detector errs alike in all frames and a rig is a little off, which looks like a shift while a
person walks one way.  So each keypoint has in each view an unknown lasting error, which drops out as well
(the Schur complement); what is left of a shift is what changes with the velocity.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.plausibility import PlausibilityWarning
from mvtri.synchronisation.signals import CUTOFF, Signals
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
ROUNDS = 12
SETTLED = 1e-3  # frames
LONGEST_STEP = 2.0  # frames
LEAST_BLOCK, BLOCK = 8, 25  # frames, beyond which errors are taken to be independent
PRIOR = 1.0  # information of a lasting error's being 0, in units of a frame's
OWN = 10.0  # frames of its own, from which the noise of a keypoint in a view counts half
VELOCITY_NOISE = (2.0 * np.pi * CUTOFF) ** 2 / 3.0  # of white noise below the cutoff, over its own variance
MOST_NOISE = 0.8  # share of noise in the squared velocities, from which on they tell nothing
STEP = 0.05  # frames, for derivatives through the lens
SOLVABLE = 1e-12  # of a point's largest information, which is enormous in the plane of a camera


class _Views(NamedTuple):
    """One shift of all cameras: T frames, K keypoints, and the 2 C coordinates of their pixels, weighed."""

    residuals: Floats  # (T, K, 2 C) px
    velocities: Floats  # (T, K, 2 C, C) by which a shift of each camera changes them, px per frame
    freedom: Floats  # (T, K, 2 C, 2 C): the projection on what no 3D point explains
    weights: Floats  # (T, K), 0 where there is no point


class _Solution(NamedTuple):
    step: Floats  # (C,)
    covariance: Floats  # (C, C)
    noise: Floats  # (K, C), with median 1


def refine_offsets(signals: Signals, cams: CameraGroup, start: Floats) -> tuple[Floats, Floats, int]:
    """Return offsets (C,) in frames near `start`, their covariance (C, C), and its degrees of freedom.

    The covariance is that of sums over blocks of frames (the sandwich of M estimators): it holds where errors
    last, too.
    """
    offsets = np.asarray(start, dtype=np.float64) - start[0]
    noise = np.ones(signals.there.shape[1:])
    covariance, freedom = np.full((len(cams), len(cams)), np.inf), 0
    for _ in range(ROUNDS):
        views = _views(signals, cams, offsets, noise)
        if views is None:
            return np.full(len(cams), np.nan), covariance, 0
        solution = _solve(views)
        if solution is None:
            return np.full(len(cams), np.nan), np.full_like(covariance, np.inf), 0
        step = np.clip(solution.step, -LONGEST_STEP, LONGEST_STEP)
        offsets, covariance, noise = offsets + step, solution.covariance, noise * solution.noise
        freedom = _blocks(len(views.weights), len(cams)) - len(cams) + 1
        if np.abs(step).max() < SETTLED:
            break
    return offsets, covariance, freedom


def _views(signals: Signals, cams: CameraGroup, offsets: Floats, noise: Floats) -> _Views | None:
    """Return residuals and their derivatives where all cameras have the frames; None where there are none."""
    T = len(signals.there)
    first, last = int(np.ceil(max(0.0, -offsets.min()))), int(np.floor(T - 1 - max(0.0, offsets.max())))
    frames = np.arange(first, last + 1, dtype=np.float64)
    if len(frames) < 3:
        return None
    parts = [signals.at(frames + offset, camera) for camera, offset in enumerate(offsets)]
    pixels, moves, there = (np.stack(part, axis=2) for part in zip(*parts))
    focal = cams.matrices[:, 0, 0]
    rays = cams.undistort(pixels)
    velocities = (cams.undistort(pixels + STEP * moves) - rays) * (focal / STEP)[:, None]
    there &= np.isfinite(rays).all(axis=-1) & np.isfinite(velocities).all(axis=-1)
    weigh = np.where(there, 1.0 / noise, 0.0)[..., None]
    with warnings.catch_warnings():  # of views that contradict each other, which is what is looked into
        warnings.simplefilter("ignore", PlausibilityWarning)
        found = triangulate(np.where(there[..., None], pixels, np.nan), cams, method="dlt", noise=1.0).points
    points = found.astype(np.float64)
    good = (there.sum(axis=-1) >= 2) & np.isfinite(points).all(axis=-1)
    rays = np.where(there[..., None], rays, 0.0) * focal[:, None]
    points[~good] = 0.0
    return _project_out(cams, points, rays, np.where(there[..., None], velocities, 0.0), weigh, good)


def _project_out(
    cams: CameraGroup,
    points: Floats,
    pixels: Floats,
    velocities: Floats,
    weigh: Floats,
    good: NDArray[np.bool_],
) -> _Views:
    T, K, C, _ = pixels.shape
    for _ in range(2):  # Gauss-Newton from the linear points
        seen, jacobian = _pinhole(points, cams)
        residuals, matrix = weigh * (pixels - seen), weigh[..., None] * jacobian
        residuals, matrix = residuals.reshape(T, K, 2 * C), matrix.reshape(T, K, 2 * C, 3)
        residuals[~good], matrix[~good] = 0.0, 0.0
        normal = matrix.swapaxes(-1, -2) @ matrix
        size = np.trace(normal, axis1=-2, axis2=-1)[..., None, None]
        normal += (SOLVABLE * size + 1e-9) * np.eye(3)
        points = points + np.linalg.solve(normal, matrix.swapaxes(-1, -2) @ residuals[..., None])[..., 0]
    solved = np.linalg.solve(normal, matrix.swapaxes(-1, -2))
    present = np.repeat(weigh[..., 0] > 0.0, 2, axis=-1) & good[..., None]
    freedom = np.eye(2 * C) * present[..., None] - matrix @ solved
    residuals = (freedom @ residuals[..., None])[..., 0]
    moved = np.zeros((T, K, 2 * C, C))
    for camera in range(C):
        both = slice(2 * camera, 2 * camera + 2)
        moved[:, :, both, camera] = weigh[:, :, camera] * velocities[:, :, camera]
    freedom_left = np.maximum(1, present.sum(axis=-1) - 3)
    size = np.sqrt((residuals**2).sum(axis=-1) / freedom_left)
    usual = float(np.median(size[good])) if good.any() else 1.0
    weights = np.where(good, np.minimum(1.0, 2.0 * usual / np.maximum(size, 1e-9)), 0.0)  # Huber's
    return _Views(residuals, freedom @ moved, freedom, weights)


def _pinhole(points: Floats, cams: CameraGroup) -> tuple[Floats, Floats]:
    """Return where cameras without distortion see points (..., 3), (..., C, 2) px, and the derivatives."""
    local = np.einsum("cij,...j->...ci", cams.rotations, points) + cams.translations
    depth = np.where(np.abs(local[..., 2:]) < 1e-6, 1e-6, local[..., 2:])
    seen = local[..., :2] / depth
    focal = cams.matrices[:, 0, 0][:, None]
    jacobian = (cams.rotations[:, :2] - seen[..., None] * cams.rotations[:, 2:]) / depth[..., None]
    return focal * seen, focal[..., None] * jacobian


def _solve(views: _Views) -> _Solution | None:
    """Return the step that makes the residuals least; None where nothing moves."""
    residuals, velocities, freedom, weights = views
    T, D, C = len(velocities), *velocities.shape[2:]
    lasting = np.einsum("tk,tkij->kij", weights, freedom) + PRIOR * np.eye(D)
    cross = np.einsum("tk,tkia->kia", weights, velocities)
    known = np.einsum("tk,tki->ki", weights, residuals)
    by_shift, by_residual = (
        np.linalg.solve(lasting, cross),
        np.linalg.solve(lasting, known[..., None])[..., 0],
    )
    weighed = weights[..., None, None] * velocities
    normal = np.einsum("tkia,tkib->ab", weighed, velocities, optimize=True)
    normal -= np.einsum("kia,kib->ab", cross, by_shift)
    right = np.einsum("kia,ki->a", cross, by_residual) - np.einsum("tkia,tki->a", weighed, residuals)
    free = normal[1:, 1:]
    if not np.isfinite(free).all() or np.linalg.cond(free) > 1e10:
        return None
    inverse = np.linalg.inv(free)
    step = np.concatenate([[0.0], inverse @ right[1:]])
    error = by_residual + by_shift @ step
    left = residuals + velocities @ step - (freedom @ error[..., None])[..., 0]
    only = velocities - freedom @ by_shift
    scores = np.einsum("tk,tkia,tki->ta", weights, only, left, optimize=True)[:, 1:]
    blocks = _blocks(T, C)
    sums = np.stack([part.sum(axis=0) for part in np.array_split(scores, blocks)])
    covariance = np.full((C, C), np.inf)
    if blocks > C:
        covariance = np.zeros((C, C))
        covariance[1:, 1:] = inverse @ (sums.T @ sums) @ inverse * blocks / (blocks - C + 1)
    own, count = _noise(left, freedom, weights)
    growth = _without_noise(np.diag(normal), (own * count).sum(axis=0))
    covariance = np.where(
        np.isfinite(growth), covariance * np.where(np.isfinite(growth), growth, 1.0), np.inf
    )
    usual = float(np.median(own[count > 0])) if (count > 0).any() else 1.0
    share = count / 10.0
    noise = np.sqrt((share * own + OWN * usual) / (share + OWN) / max(usual, 1e-12))
    return _Solution(step, covariance, noise)


def _blocks(frames: int, cameras: int) -> int:
    """Return how many blocks the frames make: of `BLOCK` frames, or of fewer in a short recording."""
    length = int(np.clip(frames // (cameras + 4), LEAST_BLOCK, BLOCK))
    return max(1, frames // length)


def fewest_frames(cameras: int) -> int:
    """Return from how many frames on the uncertainty of offsets can be told: more blocks than cameras."""
    return LEAST_BLOCK * (cameras + 1)


def _without_noise(normal: Floats, noise: Floats) -> Floats:
    """Return by how much covariances (C, C) grow since a part of the velocities is only noise.

    `normal` (C,) is the information of an offset by all velocities that were seen, `noise` (C,) the sum of
    the squared noise of pixels.  Infinite where nothing but noise moves.
    """
    share = VELOCITY_NOISE * noise / np.maximum(normal, 1e-12)
    growth = np.where(share < MOST_NOISE, 1.0 / np.maximum(1.0 - share, 1e-3), np.inf)
    growth[0] = 1.0
    product: Floats = np.outer(growth, growth)
    return product


def _noise(left: Floats, freedom: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the variance of each keypoint in each view (K, C), and from how many coordinates it is found."""
    K, D = left.shape[1:]
    squares = np.einsum("tk,tki->ki", weights, left**2).reshape(K, D // 2, 2).sum(axis=-1)
    count = np.einsum("tk,tkii->ki", weights, freedom).reshape(K, D // 2, 2).sum(axis=-1)
    return squares / np.maximum(count, 1e-9), count
