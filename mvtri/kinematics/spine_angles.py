"""Angles of a fitted spine in the anatomical planes, with standard deviations.

Each level has axes forward, left and up; those of a segment of the chain point along it.  Two levels make
three angles, ``lower^T upper = Ry(flexion) Rx(-bend) Rz(rotation)``: about the left axis of the lower level,
about the floating axis, and about the long axis of the upper one.  That is the sequence of the ISB's joint
coordinate system of the spine (Wu et al., Journal of Biomechanics 35, 2002, 543).  Flexion is forward, bend
and rotation to the left.
"""

from collections.abc import Callable

import numpy as np

from mvtri.kinematics.spine_anatomy import CHAIN, LEVELS, RestShape
from mvtri.kinematics.spine_curve import SpineFit
from mvtri.kinematics.spine_model import Floats, exponential, points_of, turns_of
from mvtri.kinematics.spine_uncertainty import columns_of

_CHUNK = 256  # frames at a time
_STEP = 1e-5  # rad, for derivatives
_PELVIS, _THORAX, _HEAD = 0, LEVELS.index("spine_04-spine_05"), len(LEVELS) - 1
_FIRST, _LUMBAR, _THORACIC, _UPPER, _TOP = (LEVELS.index(f"{a}-{b}") for a, b in (
    ("hip", "spine_01"), ("spine_02", "spine_03"), ("spine_03", "spine_04"), ("spine_04", "spine_05"),
    ("spine_05", "neck")))  # fmt: skip
KINDS = ("flexion", "bend", "rotation")
NOT_SEEN = "points on a line do not say how far it turns about itself"

_HIP, _NECK = CHAIN.index("hip"), CHAIN.index("neck")
Function = Callable[[Floats, Floats], Floats]  # of axes (T, n, 3, 3) and the line from hip to neck (T, 3)
Angles = dict[str, tuple[Floats, Floats]]  # by name, the values (T,) and their standard deviations


def spine_angles(spine: SpineFit) -> tuple[Angles, dict[str, str]]:
    """Return the angles of a fitted spine, and which are refused.

    Parameters
    ----------
    spine : SpineFit

    Returns
    -------
    angles : dict
        Values and standard deviations, each of shape (T,), rad (curvature: rad/m); NaN where refused, or
        where the frame has no answer.

        - ``spine_01_flexion``, ``_bend``, ``_rotation`` and so on: the segment above that point relative to
          the one below; 0 where the spine runs straight.
        - ``spine_01_curvature``: its flexion divided by half the length of both segments.
        - ``trunk_...``: the thorax (T8 to T3) relative to the pelvis; ``head_...``: the head relative to the
          thorax; both relative to the rest shape.
        - ``lumbar_lordosis``: how far the spine turns backward from the sacrum to T12/L1;
          ``thoracic_kyphosis``: how far it turns forward from there to T3.
        - ``trunk_lean``, ``trunk_lean_forward``, ``trunk_lean_left``: the line from hip to neck and the
          vertical (the world's z axis), altogether and in the two vertical planes that the pelvis faces.
    refused : dict of str
        Why an angle is not given.
    """
    makers = _makers(spine.shape)
    count = len(spine.points)
    angles = {name: (np.full(count, np.nan), np.full(count, np.nan)) for name in makers}
    answered = np.flatnonzero(spine.reasons == "")
    for first in range(0, len(answered), _CHUNK):
        frames = answered[first : first + _CHUNK]
        part = spine.fit.at(frames)
        columns = columns_of(part, spine.shape, spine.modes, spine.errors.at(frames))
        turns, _ = turns_of(part.pose, spine.modes)
        local, by_parts = _frames_at_rest(spine.shape, columns.parts)
        axes = turns @ local
        moves = np.swapaxes(local, -1, -2) @ columns.levels + by_parts
        chain = points_of(part.pose, spine.shape, spine.modes)
        ends = chain[:, _NECK] - chain[:, _HIP]
        by_ends = columns.points[:, _NECK] - columns.points[:, _HIP]
        for name, (levels, function) in makers.items():
            found = _propagate(function, axes[:, levels], moves[:, levels], ends, by_ends)
            angles[name][0][frames], angles[name][1][frames] = found
    refused = _refused(spine.keypoints)
    for name in refused:
        angles[name] = (np.full(count, np.nan), np.full(count, np.nan))
    return angles, refused


def relative_angles(lower: Floats, upper: Floats) -> Floats:
    """Return flexion, bend and rotation (..., 3), rad, of axes (..., 3, 3) relative to others."""
    relative = np.swapaxes(lower, -1, -2) @ upper
    flexion = np.arctan2(relative[..., 0, 2], relative[..., 2, 2])
    bend = np.arcsin(np.clip(relative[..., 1, 2], -1.0, 1.0))
    rotation = np.arctan2(relative[..., 1, 0], relative[..., 1, 1])
    return np.stack([flexion, bend, rotation], axis=-1)


def _makers(shape: RestShape) -> dict[str, tuple[list[int], Function]]:
    """Return each angle's levels and the function that makes it of their axes."""
    makers: dict[str, tuple[list[int], Function]] = {}
    lengths = np.linalg.norm(shape.parts[: len(CHAIN)], axis=-1)
    for index, point in enumerate(CHAIN[1:-1], start=1):
        levels = [index, index + 1]
        for kind in (0, 1, 2):
            makers[f"{point}_{KINDS[kind]}"] = (levels, _relative(kind, 1.0))
        makers[f"{point}_curvature"] = (
            levels,
            _relative(0, 2.0 / float(lengths[index] + lengths[index + 1])),
        )
    for region, levels in (("trunk", [_PELVIS, _THORAX]), ("head", [_THORAX, _HEAD])):
        for kind in (0, 1, 2):
            makers[f"{region}_{KINDS[kind]}"] = (levels, _relative(kind, 1.0))
    makers["lumbar_lordosis"] = ([_FIRST, _LUMBAR, _THORACIC], _lordosis)
    makers["thoracic_kyphosis"] = ([_LUMBAR, _THORACIC, _UPPER, _TOP], _kyphosis)
    makers["trunk_lean"] = ([_PELVIS], _lean)
    makers["trunk_lean_forward"] = ([_PELVIS], _lean_forward)
    makers["trunk_lean_left"] = ([_PELVIS], _lean_left)
    return makers


def _relative(kind: int, factor: float) -> Function:
    def angle(axes: Floats, ends: Floats) -> Floats:
        value: Floats = factor * relative_angles(axes[:, 0], axes[:, 1])[..., kind]
        return value

    return angle


def _flexion(lower: Floats, upper: Floats) -> Floats:
    value: Floats = relative_angles(lower, upper)[..., 0]
    return value


def _lordosis(axes: Floats, ends: Floats) -> Floats:
    return -0.5 * (_flexion(axes[:, 0], axes[:, 1]) + _flexion(axes[:, 0], axes[:, 2]))


def _kyphosis(axes: Floats, ends: Floats) -> Floats:
    pairs = [(low, high) for low in (0, 1) for high in (2, 3)]
    value: Floats = 0.25 * np.sum([_flexion(axes[:, low], axes[:, high]) for low, high in pairs], axis=0)
    return value


def _lean(axes: Floats, ends: Floats) -> Floats:
    value: Floats = np.arctan2(np.hypot(ends[:, 0], ends[:, 1]), ends[:, 2])
    return value


def _lean_forward(axes: Floats, ends: Floats) -> Floats:
    left = _heading(axes)
    value: Floats = np.arctan2(left[:, 1] * ends[:, 0] - left[:, 0] * ends[:, 1], ends[:, 2])
    return value


def _lean_left(axes: Floats, ends: Floats) -> Floats:
    left = _heading(axes)
    value: Floats = np.arctan2((left * ends[:, :2]).sum(axis=-1), ends[:, 2])
    return value


def _heading(axes: Floats) -> Floats:
    """Return the horizontal direction (T, 2) of the left axis of the pelvis."""
    left = axes[:, 0, :2, 1]
    value: Floats = left / np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), 1e-12)
    return value


def _propagate(
    function: Function, axes: Floats, moves: Floats, ends: Floats, by_ends: Floats
) -> tuple[Floats, Floats]:
    """Return values (T,) and standard deviations (T,) of a function, by central differences."""
    total = np.zeros((len(axes), moves.shape[-1]))
    for level in range(axes.shape[1]):
        for axis in range(3):
            change = []
            for side in (1.0, -1.0):
                turned = axes.copy()
                turned[:, level] = axes[:, level] @ exponential(side * _STEP * np.eye(3)[axis])
                change.append(function(turned, ends))
            total += (_wrapped(change[0] - change[1]) / (2 * _STEP))[:, None] * moves[:, level, axis]
    for axis in range(3):
        step = _STEP * np.eye(3)[axis]
        change = [function(axes, ends + step), function(axes, ends - step)]
        total += (_wrapped(change[0] - change[1]) / (2 * _STEP))[:, None] * by_ends[:, axis]
    return function(axes, ends), np.linalg.norm(total, axis=-1)


def _wrapped(difference: Floats) -> Floats:
    value: Floats = (difference + np.pi) % (2 * np.pi) - np.pi
    return value


def _frames_at_rest(shape: RestShape, parts: Floats) -> tuple[Floats, Floats]:
    """Return the axes of levels at rest (L, 3, 3), and how columns of the parts turn them (L, 3, S)."""
    local = np.tile(np.eye(3), (len(LEVELS), 1, 1))
    moves = np.zeros((len(LEVELS), 3, parts.shape[-1]))
    for index in range(1, len(CHAIN)):
        part = shape.parts[index]
        local[index] = _along(part)
        for axis in range(3):
            step = 1e-7 * np.eye(3)[axis]
            turned = local[index].T @ (_along(part + step) - _along(part - step)) / 2e-7
            turn = np.array([turned[2, 1], turned[0, 2], turned[1, 0]])
            moves[index] += turn[:, None] * parts[index, axis]
    return local, moves


def _along(part: Floats) -> Floats:
    """Return axes (3, 3) whose third is along a part, and whose second is nearest to the left."""
    up = part / np.linalg.norm(part)
    left = np.array([0.0, 1.0, 0.0]) - up[1] * up
    left /= np.linalg.norm(left)
    return np.stack([np.cross(left, up), left, up], axis=-1)


def _refused(points: tuple[str, ...]) -> dict[str, str]:
    """Return why angles are not given, by name."""
    refused = {f"{point}_rotation": NOT_SEEN for point in CHAIN[1:-1]}

    def sides(*names: str) -> bool:
        return any({f"left_{name}", f"right_{name}"} <= set(points) for name in names)

    thorax, pelvis, head = sides("clavicle", "shoulder", "latissimus"), sides("hip"), sides("eye", "ear")
    if not (pelvis and thorax):
        refused["trunk_rotation"] = "the keypoints have no left and right of both hips and thorax"
    if not (thorax and head):
        refused["head_rotation"] = "the keypoints have no left and right of both thorax and head"
    return refused
