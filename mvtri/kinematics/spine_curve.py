"""`fit_spine`: a smooth curve through the points of the spine, with its uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.kinematics.spine_anatomy import CHAIN, RestShape, bending_modes, rest_shape
from mvtri.kinematics.spine_learning import learn_spine
from mvtri.kinematics.spine_model import Floats, points_of, turns_of
from mvtri.kinematics.spine_poses import Fit, fit_poses, information, is_covariance, root_of
from mvtri.kinematics.spine_uncertainty import columns_of, combine

MODES = 7  # about each axis
_SIDED = ("hip", "shoulder", "latissimus", "clavicle")  # a pair of these says where forward is
SMOOTHED = 0.25
"""The share of the variance of smoothed points that all have in common: motion that a smoother took away.

A smoother for noise of the spectrum r and motion of the spectrum q/w^4 lets through H = 1 / (1 + w^4 r / q).
The variance of its error is the integral of r H, of which that of r H (1 - H), a quarter, is motion.  The
body accelerates as a whole more than its parts do against each other, so points lag together.
"""
_CHUNK = 256  # frames at a time
_SURE = np.radians(40.0)  # standard deviation of a level's rotation beyond which a frame has no answer


@dataclass(frozen=True)
class SpineFit:
    """A fitted spine.

    Attributes
    ----------
    keypoints : tuple of str
        P points: the chain from bottom to top, then those that it carries.
    points : ndarray, shape (T, P, 3)
        m; NaN in frames without an answer.
    covariances : ndarray, shape (T, P, 3, 3)
        Of the points, m²: from the noise and from what is not known of the rest shape.
    shape : RestShape
        The person's spine at rest.
    fit : Fit
        The poses.
    modes : ndarray, shape (L, 3, M)
        See `mvtri.kinematics.spine_anatomy.bending_modes`.
    reasons : ndarray of str, shape (T,)
        Why a frame has no answer; ``""`` where it has one.
    shared : float
        Share of the variances of the points that all have in common.
    lag : ndarray, shape (T,)
        Standard deviation of a point along each axis that comes from it, m.
    """

    keypoints: tuple[str, ...]
    points: Floats
    covariances: Floats
    shape: RestShape
    fit: Fit
    modes: Floats
    reasons: NDArray[np.str_]
    shared: float
    lag: Floats


def fit_spine(
    points: ArrayLike,
    covariances: ArrayLike,
    keypoints: Sequence[str],
    shape: RestShape | None = None,
    modes: int | Floats = MODES,
    shared: float = 0.0,
) -> SpineFit:
    """Fit a smooth curve to the points of a spine, frame by frame.

    Parameters
    ----------
    points : array_like, shape (T, K, 3)
        World coordinates, m; NaN where missing.
    covariances : array_like, shape (T, K, 3, 3)
        m².
    keypoints : sequence of str
        K names; the nine of `mvtri.kinematics.spine_anatomy.CHAIN` and a pair of left and right among them.
    shape : RestShape, optional
        The person's spine at rest; learned from the points by default.
    modes : int or ndarray, shape (L, 3, M)
        How many ways to bend there are about each axis, 1 to 9, or the ways of this person, where `shape` is
        given, too (both from `learn_person`).
    shared : float
        Share of the variances that all points of a frame have in common, 0..1.  Such errors move the spine
        as a whole.  `SMOOTHED` for points that were smoothed over time, 0 for others.

    Returns
    -------
    SpineFit

    Raises
    ------
    InputError
        If shapes do not fit, or the keypoints have no spine.
    """
    seen = _seen(points, covariances, keypoints, shape, modes, shared)
    field = bending_modes(modes) if isinstance(modes, int) else modes
    if shape is None:
        shape, field = learn_spine(seen.points, seen.weights, seen.shape, field)
    fit = fit_poses(seen.points, seen.weights, shape, field)
    common = shared * _mean_covariance(seen.covariances, seen.there)
    lag = np.sqrt(np.trace(common, axis1=-2, axis2=-1) / 3.0)
    found, uncertain, reasons = _finish(seen.points, fit, shape, field, shared, lag)
    uncertain += common[:, None]
    return SpineFit(shape.points, found, uncertain, shape, fit, field, reasons, shared, lag)


def learn_person(
    points: ArrayLike, covariances: ArrayLike, keypoints: Sequence[str], modes: int = MODES
) -> tuple[RestShape, Floats]:
    """Return a person's spine at rest and ways to bend, with which `fit_spine` fits parts of a recording.

    The parameters are those of `fit_spine`.
    """
    seen = _seen(points, covariances, keypoints, None, modes, 0.0)
    return learn_spine(seen.points, seen.weights, seen.shape, bending_modes(modes))


def has_sides(keypoints: Sequence[str]) -> bool:
    """Return whether the keypoints of a trunk say where forward is: a left and a right of it."""
    return any({f"left_{pair}", f"right_{pair}"} <= set(keypoints) for pair in _SIDED)


class _Seen(NamedTuple):
    """The points that a curve is fitted to: those of `shape`, and which are there."""

    points: Floats
    covariances: Floats
    there: NDArray[np.bool_]
    weights: Floats
    shape: RestShape


def _seen(
    points: ArrayLike,
    covariances: ArrayLike,
    keypoints: Sequence[str],
    shape: RestShape | None,
    modes: int | Floats,
    shared: float,
) -> _Seen:
    given, spreads = np.asarray(points, dtype=np.float64), np.asarray(covariances, dtype=np.float64)
    names = list(keypoints)
    _check(given, spreads, names, modes, shared)
    shape = rest_shape(names) if shape is None else shape
    at = [names.index(name) for name in shape.points]
    seen, spread = given[:, at], spreads[:, at]
    there = np.asarray(np.isfinite(seen).all(axis=-1) & is_covariance(spread))
    return _Seen(seen, spread, there, information(spread, there, shape.freedom), shape)


def _finish(
    seen: Floats, fit: Fit, shape: RestShape, modes: Floats, shared: float, lag: Floats
) -> tuple[Floats, Floats, NDArray[np.str_]]:
    """Return the points (T, P, 3) and covariances (T, P, 3, 3) of a fit, and why frames have no answer."""
    found = np.full(seen.shape, np.nan)
    uncertain = np.full((*seen.shape, 3), np.nan)
    reasons = np.where(fit.fitted, "", "fewer than three points of the spine").astype("U60")
    for first in range(0, len(seen), _CHUNK):
        frames = np.arange(first, min(first + _CHUNK, len(seen)))
        frames = frames[fit.fitted[frames]]
        if not len(frames):
            continue
        part = fit.at(frames)
        columns = columns_of(part, shape, modes, shared, lag[frames])
        places = points_of(part.pose, shape, modes)
        moved, covariance = combine(seen[frames], part.weights, places, columns.points, shape.freedom)
        sure = _level_spread(part, field=modes).max(axis=(1, 2)) < _SURE
        found[frames[sure]], uncertain[frames[sure]] = moved[sure], covariance[sure]
        reasons[frames[~sure]] = "the points do not say how the spine is turned"
    return found, uncertain, reasons


def _mean_covariance(spread: Floats, there: NDArray[np.bool_]) -> Floats:
    """Return the mean of the covariances of the points of each frame (T, 3, 3); 0 where there are none."""
    summed = np.where(there[..., None, None], spread, 0.0).sum(axis=1)
    mean: Floats = summed / np.maximum(there.sum(axis=1), 1)[:, None, None]
    return mean


def _level_spread(fit: Fit, field: Floats) -> Floats:
    """Return standard deviations of the rotation of each level (T, L, 3), rad, for a known rest shape."""
    _, by_step = turns_of(fit.pose, field)
    spread = by_step @ root_of(fit.covariance[:, 3:, 3:])[:, None]
    result: Floats = np.linalg.norm(spread, axis=-1)
    return result


def _check(points: Floats, covariances: Floats, names: list[str], modes: int | Floats, shared: float) -> None:
    wrong = []
    if points.ndim != 3 or points.shape[1:] != (len(names), 3):
        wrong.append(f"points have the shape {points.shape}, expected (time, {len(names)}, 3)")
    if covariances.shape != (*points.shape, 3):
        wrong.append(f"covariances have the shape {covariances.shape}, expected {(*points.shape, 3)}")
    lacking = [name for name in CHAIN if name not in names]
    if lacking:
        wrong.append(f"the keypoints lack {', '.join(lacking)} of the spine")
    if not has_sides(names):
        wrong.append("the keypoints have no left and right hips or shoulders, which say where forward is")
    if not 0 <= shared < 1:
        wrong.append(f"shared is {shared}, expected 0 to less than 1")
    if isinstance(modes, int) and not 1 <= modes <= len(CHAIN):
        wrong.append(f"modes is {modes}, expected 1 to {len(CHAIN)}")
    if wrong:
        raise InputError("; ".join(wrong))
