"""`fit_spine`: a smooth curve through the points of the spine, with its uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.kinematics.spine_anatomy import CHAIN, RestShape, bending_modes, rest_shape
from mvtri.kinematics.spine_learning import FRAMES, Person, learn_spine
from mvtri.kinematics.spine_model import Floats, points_of, turns_of
from mvtri.kinematics.spine_poses import Fit, fit_poses, information, is_covariance, root_of
from mvtri.kinematics.spine_uncertainty import Errors, columns_of, combine, shared_share

MODES = 7  # about each axis
_SIDED = ("hip", "shoulder", "latissimus", "clavicle")  # a pair of these says where forward is
SMOOTHED = 0.25
"""The share of the variance of smoothed points that they have in common at least: motion that was taken away.

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
    errors : Errors
        Of the points.
    """

    keypoints: tuple[str, ...]
    points: Floats
    covariances: Floats
    shape: RestShape
    fit: Fit
    modes: Floats
    reasons: NDArray[np.str_]
    errors: Errors


def fit_spine(
    points: ArrayLike,
    covariances: ArrayLike,
    keypoints: Sequence[str],
    shape: RestShape | None = None,
    modes: int = MODES,
    shared: float = 0.0,
    constant: ArrayLike | None = None,
    person: Person | None = None,
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
    modes : int
        How many ways to bend there are about each axis, 1 to 9.
    shared : float
        Share of the variances that neighbouring points have in common at least, 0..1: `SMOOTHED` for points
        that were smoothed over time, 0 for others.  Where points lie closer to the curve than they would if
        their errors were independent, more is shared.
    constant : array_like, shape (T, K), optional
        Share of the variance of points that is the same in all frames, 0..1; 0 by default.
    person : Person, optional
        From `learn_person`, instead of the last four.

    Returns
    -------
    SpineFit

    Raises
    ------
    InputError
        If shapes do not fit, or the keypoints have no spine.
    """
    known = shape if person is None else person.shape
    seen = _seen(points, covariances, keypoints, known, modes, shared)
    if person is None:
        person = _learn(seen, keypoints, shape, modes, shared, constant)
    fit = fit_poses(seen.points, seen.weights, person.shape, person.modes)
    errors = Errors(_roots(seen), person.shared, person.doubts)
    found, uncertain, reasons = _finish(seen.points, fit, person, errors)
    return SpineFit(person.shape.points, found, uncertain, person.shape, fit, person.modes, reasons, errors)


def learn_person(
    points: ArrayLike,
    covariances: ArrayLike,
    keypoints: Sequence[str],
    modes: int = MODES,
    shared: float = 0.0,
    constant: ArrayLike | None = None,
) -> Person:
    """Return what is the same in all frames of a person, with which `fit_spine` fits parts of a recording.

    The parameters are those of `fit_spine`.
    """
    seen = _seen(points, covariances, keypoints, None, modes, shared)
    return _learn(seen, keypoints, None, modes, shared, constant)


def _learn(
    seen: "_Seen",
    keypoints: Sequence[str],
    shape: RestShape | None,
    modes: int,
    shared: float,
    constant: ArrayLike | None,
) -> Person:
    """Return what is the same in all frames; of these, `FRAMES` say how much neighbours share."""
    field = bending_modes(modes)
    if shape is None:
        person = learn_spine(
            seen.points, seen.weights, seen.shape, field, _constant(seen, constant, keypoints)
        )
    else:
        person = Person(shape, field, np.ones(field.shape[-1]))
    some = np.linspace(0, len(seen.points) - 1, min(FRAMES, len(seen.points))).astype(int)
    there, weights = seen.there[some], seen.weights[some]
    part = _Seen(seen.points[some], seen.covariances[some], there, weights, seen.shape)
    fit = fit_poses(part.points, part.weights, person.shape, person.modes)
    share = shared_share(part.points, fit, person.shape, person.modes, _roots(part), shared)
    return replace(person, shared=share)


def _constant(seen: "_Seen", share: ArrayLike | None, keypoints: Sequence[str]) -> Floats | None:
    """Return the part of the covariances that is the same in all frames, 0 where points are missing."""
    if share is None:
        return None
    at = [list(keypoints).index(name) for name in seen.shape.points]
    kept = np.where(seen.there, np.asarray(share, dtype=np.float64)[:, at], 0.0)[..., None, None]
    return np.where(seen.there[..., None, None], kept * seen.covariances, 0.0)


def _roots(seen: "_Seen") -> Floats:
    """Return roots of the covariances of points, 0 where they are missing."""
    there = seen.there[..., None, None]
    return np.where(there, root_of(np.where(there, seen.covariances, np.eye(3))), 0.0)


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
    modes: int,
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
    seen: Floats, fit: Fit, person: Person, errors: Errors
) -> tuple[Floats, Floats, NDArray[np.str_]]:
    """Return the points (T, P, 3) and covariances (T, P, 3, 3) of a fit, and why frames have no answer."""
    shape, modes = person.shape, person.modes
    found = np.full(seen.shape, np.nan)
    uncertain = np.full((*seen.shape, 3), np.nan)
    reasons = np.where(fit.fitted, "", "fewer than three points of the spine").astype("U60")
    for first in range(0, len(seen), _CHUNK):
        frames = np.arange(first, min(first + _CHUNK, len(seen)))
        frames = frames[fit.fitted[frames]]
        if not len(frames):
            continue
        part = fit.at(frames)
        columns = columns_of(part, shape, modes, errors.at(frames))
        places = points_of(part.pose, shape, modes)
        moved, covariance = combine(seen[frames], _at_most(part), places, columns.points, shape.freedom)
        sure = _level_spread(part, field=modes).max(axis=(1, 2)) < _SURE
        found[frames[sure]], uncertain[frames[sure]] = moved[sure], covariance[sure]
        reasons[frames[~sure]] = "the points do not say how the spine is turned"
    return found, uncertain, reasons


def _at_most(fit: Fit) -> Floats:
    """Return the information of points, which Student's t can make smaller but not larger than it is."""
    return fit.weights / np.maximum(fit.scales, 1.0)[..., None, None]


def _level_spread(fit: Fit, field: Floats) -> Floats:
    """Return standard deviations of the rotation of each level (T, L, 3), rad, for a known rest shape."""
    _, by_step = turns_of(fit.pose, field)
    spread = by_step @ root_of(fit.covariance[:, 3:, 3:])[:, None]
    result: Floats = np.linalg.norm(spread, axis=-1)
    return result


def _check(points: Floats, covariances: Floats, names: list[str], modes: int, shared: float) -> None:
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
    if not 1 <= modes <= len(CHAIN):
        wrong.append(f"modes is {modes}, expected 1 to {len(CHAIN)}")
    if wrong:
        raise InputError("; ".join(wrong))
