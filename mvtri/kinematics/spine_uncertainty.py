"""How far the points and levels of a fitted spine can be off: from noise, and from the rest shape.

Uncertainty travels as columns: S small displacements of all parameters together whose squares add up to the
covariance.  The covariance of anything that depends on the parameters is the sum of the squares of what the
columns do to it, to first order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mvtri.kinematics.spine_anatomy import RestShape
from mvtri.kinematics.spine_model import POSE, Floats, Pose, assemble, linearise, points_of, turns_of
from mvtri.kinematics.spine_poses import CHAIN_LENGTH, Fit, prior_of, root_of

_SHAPES = 24  # of the ways in which the rest shape can be off, so many are followed
_FIELDS = 5  # and of the ways in which errors that points share vary along the body
_REACH = 0.3  # m: errors that points share correlate by exp(-d / reach) over a distance d
_TAIL = 1.5  # points that Student's t gives less than 1 / 1.5 of their weight err more than stated
_MOST = 0.98  # of the variance can be shared


@dataclass(frozen=True)
class Errors:
    """What is known of the errors of the points that a spine was fitted to.

    Attributes
    ----------
    roots : ndarray, shape (T, P, 3, 3)
        Roots of the covariances of points, m; 0 where a point is missing.
    shared : float
        Share of the variance that neighbouring points have in common.
    doubts : ndarray, shape (M,)
        How many times larger bends could be than the modes say.
    """

    roots: Floats
    shared: float
    doubts: Floats

    def at(self, frames: NDArray[np.intp]) -> "Errors":
        """Return those of some of the frames."""
        return Errors(self.roots[frames], self.shared, self.doubts)


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


def columns_of(fit: Fit, shape: RestShape, modes: Floats, errors: Errors) -> Columns:
    """Return the columns of a fit.

    The fit takes errors of points to be independent.  Where they are not, its own covariance is too small.
    So the covariance here is that of the same estimate under the errors as they are (the "sandwich" of Liang
    and Zeger, Biometrika 73, 1986, 13).

    Parameters
    ----------
    fit, shape, modes
        As fitted.
    errors : Errors
    """
    turns, by_step = turns_of(fit.pose, modes)
    _, slopes = linearise(fit.pose, shape, modes)
    count, size = len(slopes), 3 * len(shape.points)
    values, vectors = np.linalg.eigh(shape.covariance)
    ways = (vectors[:, -_SHAPES:] * np.sqrt(np.maximum(values[-_SHAPES:], 0.0))).reshape(
        -1, 3, min(_SHAPES, size)
    )
    displaced = assemble(turns[:, shape.levels] @ ways, None, shape)  # (T, P, 3, R), poses unchanged
    weighted = np.swapaxes((fit.weights @ slopes).reshape(count, size, -1), -1, -2)
    follow = -fit.covariance @ (weighted @ displaced.reshape(count, size, -1))  # poses follow the shape
    noise = fit.covariance @ _noise(fit, shape, slopes, errors)
    steps = np.concatenate([noise, follow], axis=-1)  # (T, N, S)
    flat = (slopes.reshape(count, size, -1) @ steps).reshape(count, -1, 3, steps.shape[-1])
    flat[..., noise.shape[-1] :] += displaced
    parts = np.concatenate([np.zeros((*shape.parts.shape, noise.shape[-1])), ways], axis=-1)
    return Columns(flat, by_step @ steps[:, None, 3:], parts)


def _noise(fit: Fit, shape: RestShape, slopes: Floats, errors: Errors) -> Floats:
    """Return columns (T, N, S) of the gradient that the noise of the points and the prior make."""
    count, _, _, total = slopes.shape
    size = 3 * len(shape.points)
    fields, rest = _fields(shape)
    roots = errors.roots / np.sqrt(np.minimum(_TAIL * fit.scales, 1.0))[..., None, None]
    free = shape.freedom[:, None, None] ** 2 * np.eye(3)
    own = (1.0 - errors.shared * (1.0 - rest))[:, None, None] * (roots @ np.swapaxes(roots, -1, -2)) + free
    weighted = fit.weights @ slopes  # (T, P, 3, N)
    flat = weighted.reshape(count, size, total)
    meat = np.swapaxes(flat, -1, -2) @ (own @ weighted).reshape(count, size, total)
    meat += np.diag(prior_of(total - POSE) * np.concatenate([np.ones(POSE), errors.doubts**2]))
    moved = np.swapaxes(weighted, -1, -2) @ roots  # (T, P, N, 3)
    common = np.sqrt(errors.shared) * np.einsum("tpna,pf->tnfa", moved, fields, optimize=True)
    return np.concatenate([root_of(meat), common.reshape(count, total, -1)], axis=-1)


def shared_share(
    points: Floats, fit: Fit, shape: RestShape, modes: Floats, roots: Floats, least: float
) -> float:
    """Return the share of the variance of points that neighbours have in common.

    Errors that neighbours share move the curve with them, so the points lie closer to it than they would if
    their errors were independent.  The share is the one that explains how close the points of the chain are.

    Parameters
    ----------
    points, fit, shape, modes
        As fitted.
    roots : ndarray, shape (T, P, 3, 3)
        Roots of the covariances of points, 0 where missing.
    least : float
        What is returned at least.
    """
    places, slopes = linearise(fit.pose, shape, modes)
    count, size, total = len(slopes), 3 * len(shape.points), slopes.shape[-1]
    weights = fit.weights / fit.scales[..., None, None]
    there = weights[..., 0, 0] > 0
    chain = slice(0, CHAIN_LENGTH)
    off = np.where(there[..., None], points - places, 0.0)
    close = np.einsum("tpi,tpij,tpj->t", off[:, chain], weights[:, chain], off[:, chain])
    hessian = np.swapaxes(slopes.reshape(count, size, total), -1, -2) @ (weights @ slopes).reshape(
        count, size, total
    )
    spread = np.linalg.inv(hessian + np.diag(prior_of(total - POSE)))
    by_pose = slopes @ spread[:, None]
    inside = np.einsum("tpim,tpij,tpjm->t", by_pose[:, chain], weights[:, chain], slopes[:, chain])
    alone = 3.0 * there[:, chain].sum(axis=1) - inside
    fields, rest = _fields(shape)
    moved = np.einsum("tpia,pf->tpifa", roots, fields).reshape(count, len(fields), 3, 3 * fields.shape[1])
    pull = np.swapaxes((weights @ slopes).reshape(count, size, total), -1, -2) @ moved.reshape(
        count, size, 3 * fields.shape[1]
    )
    left = moved - (slopes.reshape(count, size, total) @ (spread @ pull)).reshape(moved.shape)
    together = np.einsum("tpis,tpij,tpjs->t", left[:, chain], weights[:, chain], left[:, chain])
    together += alone * rest[chain].mean()
    known = fit.fitted & (alone > 0)
    if not known.any():
        return least
    middle = alone * (1.0 - 2.0 / (9.0 * np.maximum(alone, 1.0))) ** 3  # the median of chi square
    gap, lost = (
        float(np.median(1.0 - one[known] / whole[known]))
        for one, whole in ((close, middle), (together, alone))
    )
    return float(np.clip(gap / max(lost, 1e-3), least, max(least, _MOST)))


def _fields(shape: RestShape) -> tuple[Floats, Floats]:
    """Return roots (P, F) of how shared errors of points correlate, and what these lack (P,)."""
    values, vectors = np.linalg.eigh(neighbours(shape))
    fields = vectors[:, -_FIELDS:] * np.sqrt(values[-_FIELDS:])
    return fields, np.maximum(1.0 - (fields**2).sum(axis=-1), 0.0)


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
    moved = places + (gain @ off[..., None])[..., 0]
    kept = (np.eye(3) - gain) @ columns
    covariance = kept @ np.swapaxes(kept, -1, -2) + free - gain @ free
    return moved, 0.5 * (covariance + np.swapaxes(covariance, -1, -2))


def neighbours(shape: RestShape) -> Floats:
    """Return how shared errors of points correlate (P, P): by the distance of the points at rest."""
    still = Pose(np.zeros((1, 3)), np.eye(3)[None], np.zeros((1, 1)))
    rest = points_of(still, shape, np.zeros((int(shape.levels.max()) + 1, 3, 1)))[0]
    return np.asarray(np.exp(-np.linalg.norm(rest[:, None] - rest, axis=-1) / _REACH), dtype=np.float64)
