"""How far the points and levels of a fitted spine can be off: from noise, and from the rest shape.

Uncertainty travels as columns: S small displacements of all parameters together whose squares add up to the
covariance.  The covariance of anything that depends on the parameters is the sum of the squares of what the
columns do to it, to first order.
"""

from dataclasses import dataclass

import numpy as np

from mvtri.kinematics.spine_anatomy import RestShape
from mvtri.kinematics.spine_model import POSE, Floats, assemble, linearise, turns_of
from mvtri.kinematics.spine_poses import CHAIN_LENGTH, Fit, root_of

_TURNING = 0.5  # of the lag of points, so much comes from a turn of the whole spine (standard deviation)
_SHAPES = 24  # of the ways in which the rest shape can be off, so many are followed


@dataclass(frozen=True)
class Columns:
    """What S columns do in T frames.

    Attributes
    ----------
    points : ndarray, shape (T, P, 3, S)
        m.
    levels : ndarray, shape (T, L, 3, S)
        Small rotations on the right of each level, rad.
    parts : ndarray, shape (P, 3, S)
        Changes of the parts of the rest shape, m.
    """

    points: Floats
    levels: Floats
    parts: Floats


def columns_of(fit: Fit, shape: RestShape, modes: Floats, shared: float, lag: Floats) -> Columns:
    """Return the columns of a fit.

    Parameters
    ----------
    fit, shape, modes
        As fitted.
    shared : float
        Share of the noise that is not independent from point to point, but moves the spine as a whole.
    lag : ndarray, shape (T,)
        Standard deviation of a point along each axis that comes from it, m.  The columns hold the turn of the
        whole spine about its middle that moves its points so far (root mean square); the shift is left out.
    """
    turns, by_step = turns_of(fit.pose, modes)
    places, slopes = linearise(fit.pose, shape, modes)
    count, size = len(slopes), 3 * len(shape.points)
    values, vectors = np.linalg.eigh(shape.covariance)
    ways = (vectors[:, -_SHAPES:] * np.sqrt(np.maximum(values[-_SHAPES:], 0.0))).reshape(
        -1, 3, min(_SHAPES, size)
    )
    displaced = assemble(turns[:, shape.levels] @ ways, None, shape)  # (T, P, 3, R), poses unchanged
    weighted = np.swapaxes((fit.weights @ slopes).reshape(count, size, -1), -1, -2)
    follow = -fit.covariance @ (weighted @ displaced.reshape(count, size, -1))  # poses follow the shape
    noise = np.sqrt(1.0 - shared) * root_of(fit.covariance)
    turned = _turns_about_the_middle(slopes, places, lag)
    noise = np.concatenate([noise, turned], axis=-1)
    steps = np.concatenate([noise, follow], axis=-1)  # (T, N, S)
    flat = (slopes.reshape(count, size, -1) @ steps).reshape(count, -1, 3, steps.shape[-1])
    flat[..., noise.shape[-1] :] += displaced
    parts = np.concatenate([np.zeros((*shape.parts.shape, noise.shape[-1])), ways], axis=-1)
    return Columns(flat, by_step @ steps[:, None, 3:], parts)


def _turns_about_the_middle(slopes: Floats, places: Floats, lag: Floats) -> Floats:
    """Return steps (T, N, 3): turns of all levels together about the middle of the chain."""
    chain = places[:, :CHAIN_LENGTH]
    away = chain - chain.mean(axis=1, keepdims=True)
    radius = np.sqrt((away**2).sum(axis=-1).mean(axis=-1))
    # of turns about three axes two move a line, and the lag is that along each of three axes
    angle = _TURNING * np.sqrt(1.5) * lag / radius
    steps = np.zeros((len(places), slopes.shape[-1], 3))
    steps[:, 3:POSE] = angle[:, None, None] * np.eye(3)
    steps[:, :3] = -angle[:, None, None] * slopes[:, :CHAIN_LENGTH, :, 3:POSE].mean(axis=1)
    return steps


def combine(
    points: Floats, weights: Floats, places: Floats, columns: Floats, freedom: Floats
) -> tuple[Floats, Floats]:
    """Return points (T, P, 3) that may be off the curve as far as they are free to, and covariances.

    Parameters
    ----------
    points, weights : ndarray, shapes (T, P, 3) and (T, P, 3, 3)
        As measured, and their information with the freedom included; 0 where missing.
    places : ndarray, shape (T, P, 3)
        On the curve.
    columns : ndarray, shape (T, P, 3, S)
        Of the places.
    freedom : ndarray, shape (P,)
        Standard deviation of a point about its place.
    """
    there = weights[..., 0, 0] > 0
    off = np.where(there[..., None], points - places, 0.0)
    free = freedom[:, None, None] ** 2 * np.eye(3)
    gain = free @ weights
    largest = np.linalg.eigvalsh(gain)[..., -1]  # Student's t may weigh a point by a little more than all
    gain /= np.maximum(largest, 1.0)[..., None, None]
    moved = places + (gain @ off[..., None])[..., 0]
    kept = (np.eye(3) - gain) @ columns
    covariance = kept @ np.swapaxes(kept, -1, -2) + free - gain @ free
    return moved, 0.5 * (covariance + np.swapaxes(covariance, -1, -2))
