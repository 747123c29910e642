"""Which keypoints the body itself hides from which cameras."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.kernels.images.occlusion import hidden_points

_Place = dict[str, float]  # keypoints and their weights, which add up to 1


class _Capsule(NamedTuple):
    """A part of the body: its two ends, its radius, how deep one sees into it (m), whom it never hides."""

    start: _Place
    end: _Place
    radius: float
    depth: float
    shown: tuple[str, ...] = ()


# radii of an adult of average stature and girth, after mvtri.synthetic.surface
_MIDDLE = (
    _Capsule({"left_hip": 1}, {"right_hip": 1}, 0.090, 0.125, ("left_hip", "right_hip")),
    _Capsule(
        {"left_shoulder": 0.8, "right_shoulder": 0.2},
        {"left_shoulder": 0.2, "right_shoulder": 0.8},
        0.065,
        0.090,
        ("left_shoulder", "right_shoulder", "neck"),
    ),
    _Capsule(
        {"neck": 0.6, "left_shoulder": 0.2, "right_shoulder": 0.2},
        {"left_ear": 0.5, "right_ear": 0.5},
        0.055,
        0.075,
    ),
    _Capsule({"left_ear": 0.6, "right_ear": 0.4}, {"left_ear": 0.4, "right_ear": 0.6}, 0.075, 0.090),
    _Capsule(
        {"head": 0.6, "left_ear": 0.2, "right_ear": 0.2},
        {"head": 0.6, "left_ear": 0.2, "right_ear": 0.2},
        0.075,
        0.090,
    ),
)
_SIDED = (  # of one side, near, against the other, far
    _Capsule(
        {"near_hip": 0.64, "far_hip": 0.36},
        {"near_shoulder": 0.456, "far_shoulder": 0.344, "near_hip": 0.128, "far_hip": 0.072},
        0.100,
        0.125,
        ("near_hip", "far_hip"),
    ),
    _Capsule({"near_shoulder": 1}, {"near_elbow": 1}, 0.050, 0.090, ("near_shoulder", "near_elbow")),
    _Capsule({"near_elbow": 1}, {"near_wrist": 1}, 0.040, 0.090, ("near_elbow", "near_wrist")),
    _Capsule({"near_wrist": 1}, {"near_wrist": 1.4, "near_elbow": -0.4}, 0.035, 0.090, ("near_wrist",)),
    _Capsule({"near_hip": 1}, {"near_knee": 1}, 0.075, 0.090, ("near_hip", "near_knee")),
    _Capsule({"near_knee": 1}, {"near_ankle": 1}, 0.050, 0.090, ("near_knee", "near_ankle")),
    _Capsule({"near_heel": 1}, {"near_big_toe": 1}, 0.030, 0.090, ("near_heel", "near_big_toe")),
    _Capsule({"near_heel": 1}, {"near_small_toe": 1}, 0.025, 0.090, ("near_heel", "near_small_toe")),
)


def self_occlusion(points: ArrayLike, cams: CameraGroup, keypoints: Sequence[str]) -> np.ndarray:
    """Say which keypoints the person's own body hides from each camera.

    The body is up to 21 capsules between the keypoints: pelvis, shoulder girdle, trunk, neck, skull, arms,
    hands, legs and feet, as thick as an average adult's.  A keypoint outside a capsule is hidden where the
    line of sight meets the capsule; one inside (a vertebra in the trunk) where the line of sight has 9 cm of
    the capsule before it (trunk and pelvis 12.5 cm, neck 7.5 cm), so that the spine is seen from behind and
    from the sides, and not from the front.  Limbs do not hide their own joints.

    Parameters
    ----------
    points : array_like, shape (..., K, 3)
        m, world.
    cams : CameraGroup
        C cameras; the edges of the images play no part.
    keypoints : sequence of str
        K names; capsules whose keypoints are not all among them are left out.

    Returns
    -------
    ndarray of bool, shape (..., K, C)
        False for a missing keypoint; a missing end of a capsule hides nothing.

    Raises
    ------
    InputError
        If the shape does not fit the names, or they do not make a single capsule.
    """
    given = np.asarray(points, dtype=np.float64)
    names = list(keypoints)
    if given.ndim < 2 or given.shape[-2:] != (len(names), 3):
        raise InputError(
            f"points have the shape {given.shape}; "
            f"expected (..., {len(names)} keypoints, 3), as many as there are names"
        )
    parts = [part for part in _capsules() if {*part.start, *part.end} <= set(names)]
    if not parts:
        raise InputError(
            f"the keypoints {', '.join(names)} span no part of a body; "
            "expected names such as left_shoulder and left_elbow"
        )
    flat = np.ascontiguousarray(given.reshape(-1, *given.shape[-2:]))
    out = np.empty((*flat.shape[:2], len(cams)), dtype=np.bool_)
    hidden_points(
        flat,
        np.stack([_place(flat, part.start, names) for part in parts], axis=1),
        np.stack([_place(flat, part.end, names) for part in parts], axis=1),
        np.array([part.radius for part in parts]),
        np.array([part.depth for part in parts]),
        np.array([[name in part.shown for name in names] for part in parts]),
        cams.centers,
        out,
    )
    return out.reshape(*given.shape[:-1], len(cams))


def _capsules() -> list[_Capsule]:
    """Return the capsules of the whole body."""
    capsules = list(_MIDDLE)
    for near, far in (("left_", "right_"), ("right_", "left_")):
        for part in _SIDED:
            start, end = (
                {name.replace("near_", near).replace("far_", far): weight for name, weight in place.items()}
                for place in (part.start, part.end)
            )
            shown = tuple(name.replace("near_", near).replace("far_", far) for name in part.shown)
            capsules.append(_Capsule(start, end, part.radius, part.depth, shown))
    return capsules


def _place(points: np.ndarray, place: _Place, names: list[str]) -> np.ndarray:
    """Return the weighted mean (T, 3) of some of the `points` (T, K, 3)."""
    total = np.zeros((len(points), 3))
    for name, weight in place.items():
        total += weight * points[:, names.index(name)]
    return total
