"""Joint angles of the limbs from points, with standard deviations.

Hips are measured against the pelvis (left: the line between the hip joints; up: towards the shoulders),
shoulders against the thorax (left: the line between the shoulders; up: away from the hips), both as
``Ry(-flexion) Rx(abduction) Rz(rotation)``: flexion about the left axis, abduction about the floating axis,
rotation about the limb, the sequence of the ISB's joint coordinate system of the hip (Wu et al., Journal of
Biomechanics 35, 2002, 543).  For shoulders the ISB recommends the plane of elevation instead (Wu et al.,
Journal of Biomechanics 38, 2005, 981); flexion and abduction are what most readers expect, and are as in
`mvtri.kinematics.ANGLES`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mvtri.kinematics.spine_angles import Angles
from mvtri.kinematics.spine_model import Floats

_STEP = 1e-5  # m, for derivatives
_BENT = np.radians(20.0)  # a hinge that is straighter than this does not say how its upper bone turns
_SIDES = {"left": 1.0, "right": -1.0}
_TRUNK = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
Points = dict[str, Floats]  # (T, 3) each


def limb_angles(points: Floats, covariances: Floats, keypoints: Sequence[str]) -> Angles:
    """Return the joint angles of arms and legs as far as the keypoints allow.

    Parameters
    ----------
    points : ndarray, shape (T, K, 3)
        m; NaN where missing.
    covariances : ndarray, shape (T, K, 3, 3)
        m².  Errors of different points are taken to be independent.
    keypoints : sequence of str
        K names.

    Returns
    -------
    dict
        Values and standard deviations, each of shape (T,), rad, by name: ``left_hip_flexion``,
        ``_abduction``, ``_rotation``, ``left_knee_flexion``, ``left_ankle_flexion``,
        ``left_shoulder_flexion``, ``_abduction``, ``_rotation``, ``left_elbow_flexion`` and those of the
        right.  NaN where a point is missing; rotations of hip and shoulder also where the knee or elbow is
        bent by less than 20 degrees.
    """
    names = list(keypoints)
    angles: Angles = {}
    for name, (needed, function) in _makers().items():
        if set(needed) <= set(names):
            at = [names.index(point) for point in needed]
            angles[name] = _propagate(function, points[:, at], covariances[:, at], needed)
    return angles


def _makers() -> dict[str, tuple[tuple[str, ...], Callable[[Points], Floats]]]:
    makers: dict[str, tuple[tuple[str, ...], Callable[[Points], Floats]]] = {}
    for side in _SIDES:
        hip, knee, ankle, heel, toe = (f"{side}_{n}" for n in ("hip", "knee", "ankle", "heel", "big_toe"))
        shoulder, elbow, wrist = (f"{side}_{n}" for n in ("shoulder", "elbow", "wrist"))
        for kind in (0, 1):
            word = ("flexion", "abduction")[kind]
            makers[f"{side}_hip_{word}"] = ((*_TRUNK, knee), _swing(hip, knee, side, kind))
            makers[f"{side}_shoulder_{word}"] = ((*_TRUNK, elbow), _swing(shoulder, elbow, side, kind))
        makers[f"{side}_hip_rotation"] = ((*_TRUNK, knee, ankle), _rotation(hip, knee, ankle, side, -1.0))
        makers[f"{side}_shoulder_rotation"] = (
            (*_TRUNK, elbow, wrist),
            _rotation(shoulder, elbow, wrist, side, 1.0),
        )
        makers[f"{side}_knee_flexion"] = ((hip, knee, ankle), _hinge(hip, knee, ankle))
        makers[f"{side}_elbow_flexion"] = ((shoulder, elbow, wrist), _hinge(shoulder, elbow, wrist))
        makers[f"{side}_ankle_flexion"] = ((knee, ankle, heel, toe), _ankle(knee, ankle, heel, toe))
    return makers


def _axes(points: Points, joint: str) -> Floats:
    """Return the axes of the pelvis or thorax (T, 3, 3): forward, left, up in the columns."""
    hips = 0.5 * (points["left_hip"] + points["right_hip"])
    shoulders = 0.5 * (points["left_shoulder"] + points["right_shoulder"])
    pair = "hip" if joint.endswith("hip") else "shoulder"
    across = points[f"left_{pair}"] - points[f"right_{pair}"]
    left = _unit(across)
    up = shoulders - hips
    up = _unit(up - (up * left).sum(axis=-1, keepdims=True) * left)
    return np.stack([np.cross(left, up), left, up], axis=-1)


def _swing(joint: str, end: str, side: str, kind: int) -> Callable[[Points], Floats]:
    def angle(points: Points) -> Floats:
        flexion, abduction = _swings(points, joint, end, side)
        return abduction if kind else flexion

    return angle


def _swings(points: Points, joint: str, end: str, side: str) -> tuple[Floats, Floats]:
    along = _unit(np.einsum("tji,tj->ti", _axes(points, joint), points[end] - points[joint]))
    return np.arctan2(along[:, 0], -along[:, 2]), _SIDES[side] * np.arcsin(np.clip(along[:, 1], -1.0, 1.0))


def _rotation(joint: str, middle: str, end: str, side: str, sense: float) -> Callable[[Points], Floats]:
    def angle(points: Points) -> Floats:
        flexion, abduction = _swings(points, joint, middle, side)
        lower = np.einsum("tji,tj->ti", _axes(points, joint), points[end] - points[middle])
        sine, cosine = np.sin(flexion), np.cos(flexion)
        x = cosine * lower[:, 0] + sine * lower[:, 2]  # turned back: first flexion, then abduction
        z = -sine * lower[:, 0] + cosine * lower[:, 2]
        tilt = _SIDES[side] * abduction
        y = np.cos(tilt) * lower[:, 1] + np.sin(tilt) * z
        turned: Floats = _SIDES[side] * np.arctan2(sense * y, sense * x)
        straight = _hinge(joint, middle, end)(points) < _BENT
        return np.where(straight, np.nan, turned)

    return angle


def _hinge(first: str, middle: str, last: str) -> Callable[[Points], Floats]:
    def angle(points: Points) -> Floats:
        upper, lower = _unit(points[middle] - points[first]), _unit(points[last] - points[middle])
        sine = np.linalg.norm(np.cross(upper, lower), axis=-1)
        value: Floats = np.arctan2(sine, (upper * lower).sum(axis=-1))
        return value

    return angle


def _ankle(knee: str, ankle: str, heel: str, toe: str) -> Callable[[Points], Floats]:
    def angle(points: Points) -> Floats:
        shank, foot = _unit(points[knee] - points[ankle]), _unit(points[toe] - points[heel])
        value: Floats = np.arcsin(np.clip((shank * foot).sum(axis=-1), -1.0, 1.0))
        return value

    return angle


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    value: Floats = np.divide(vectors, length, out=np.full(vectors.shape, np.nan), where=length > 1e-9)
    return value


def _propagate(
    function: Callable[[Points], Floats], points: Floats, covariances: Floats, names: Sequence[str]
) -> tuple[Floats, Floats]:
    """Return values (T,) and standard deviations (T,), by central differences."""

    def value(at: Floats) -> Floats:
        return function({name: at[:, index] for index, name in enumerate(names)})

    variance = np.zeros(len(points))
    for index in range(len(names)):
        slope = np.empty((len(points), 3))
        for axis in range(3):
            step = np.zeros(points.shape[1:])
            step[index, axis] = _STEP
            change = value(points + step) - value(points - step)
            slope[:, axis] = ((change + np.pi) % (2 * np.pi) - np.pi) / (2 * _STEP)
        variance += np.einsum("ti,tij,tj->t", slope, covariances[:, index], slope)
    found = value(points)
    return found, np.where(np.isfinite(found), np.sqrt(np.maximum(variance, 0.0)), np.nan)
