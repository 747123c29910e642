"""Captured motion carried over to a `Body`: its trunk bends and its limbs point as the captured ones do."""

from functools import reduce

import numpy as np
from scipy.spatial.transform import Rotation

from mvtri.kinematics.bones import BoneMotion, Bones
from mvtri.kinematics.joint_angles import ANGLES, angle_index, axis_rotation, level_rotations
from mvtri.synthetic.body import SEGMENTS, Body
from mvtri.synthetic.motion import Animation, soles

_SIDES = (("left", "l", 1.0), ("right", "r", -1.0))
_LEFT = np.array([0.0, 1.0, 0.0])
_GIRDLE = 5  # levels of the spine below the shoulder girdle
_ARM = ("upper_arm", "forearm", "hand")
_LEG = ("thigh", "shank", "foot")
_NEWTON = 5  # steps
_ROUNDS = 50  # of reweighting
_CONTACT = 0.2  # quantile of the lowest sole's height that is put on the floor


def carry_over(motion: BoneMotion, body: Body) -> Animation:
    """Let `body` do what was captured.

    Pelvis, chest (the end of the captured trunk) and head are turned as the captured ones are, the turn in
    between being shared out over the levels of the spine and of the neck as in any motion of a `Body`; upper
    arms, forearms, thighs, shanks and feet point as the captured bones do.  The path of the hips is that of
    the captured ones, scaled by the length of the legs, and lowered by the plane through the lowest soles, as
    CMU's floors rise by up to 2 cm a metre: feet in contact are near the floor z = 0, and a jump leaves it.

    Parameters
    ----------
    motion : BoneMotion
        T frames of a skeleton with the bones of CMU's motion capture.
    body : Body
        The proportions.

    Returns
    -------
    Animation
        Of T frames, in the motion's world.

    Raises
    ------
    InputError
        If the skeleton lacks a bone.
    """
    bones = motion.bones
    frames, ends = motion.pose()
    angles, headings = _joint_angles(bones, frames, body)
    hips = ends[:, [bones.index("lhipjoint"), bones.index("rhipjoint")]].mean(axis=1)
    path = hips * (_leg(body) / _captured_leg(bones))
    rotations, joints = body.pose(angles, path, headings)
    for side, letter, _ in _SIDES:  # nothing hangs on a foot, and one angle of the ankle could not turn it so
        foot = SEGMENTS.index(f"{side}_foot")
        rotations[:, foot] = _foot(bones, frames, body, f"{letter}foot", foot)
    joints[..., 2] -= _floor(soles(body, rotations, joints), path)[:, None]
    return Animation(body, body.keypoints(rotations, joints), rotations, joints)


def _floor(points: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Return the height (T,) under a path (T, 3) of the plane through the lowest of points (T, P, 3).

    The plane is their 0.2 quantile, by place: quantile regression (Koenker & Bassett 1978) by reweighted
    least squares.  Its slopes are held back, as they matter to none who stays in place.
    """
    lowest = np.take_along_axis(points, points[..., 2].argmin(axis=1)[:, None, None], axis=1)[:, 0]
    middle = lowest[:, :2].mean(axis=0)
    design, under = (
        np.column_stack([np.ones(len(places)), places[:, :2] - middle]) for places in (lowest, path)
    )
    hold = np.diag([0.0, 1.0, 1.0]) * len(path)
    plane = np.array([np.quantile(lowest[:, 2], _CONTACT), 0.0, 0.0])
    for _ in range(_ROUNDS):
        off = lowest[:, 2] - design @ plane
        weights = np.where(off > 0, _CONTACT, 1 - _CONTACT) / np.maximum(np.abs(off), 0.002)
        weighted = design * weights[:, None]
        plane = np.linalg.solve(weighted.T @ design + hold, weighted.T @ lowest[:, 2])
    heights: np.ndarray = under @ plane
    return heights


def _joint_angles(bones: Bones, frames: np.ndarray, body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Return joint angles (T, A) and headings (T,), rad, of captured rotations (T, B, 3, 3)."""
    value = {}
    pelvis, chest, head = (frames[:, bones.index(name)] for name in ("root", "thorax", "head"))
    tilt, lists, headings = _central_angles(pelvis)
    value["pelvis_tilt"], value["pelvis_list"] = tilt, lists
    for region, low, high in (("spine", pelvis, chest), ("neck", chest, head)):
        parts = _shared_out(region, _transposed(low) @ high)
        value |= {f"{region}_{name}": part for name, part in zip(("flexion", "bend", "twist"), parts.T)}
    levels = level_rotations("spine", *(value[f"spine_{name}"] for name in ("flexion", "bend", "twist")))
    upper_trunk = reduce(np.matmul, levels[:_GIRDLE], pelvis)
    for side, letter, sign in _SIDES:
        lift = _lift(bones, frames, f"{letter}clavicle", sign)
        girdle = upper_trunk @ axis_rotation(0, sign * lift)
        arm = _limb(bones, frames, body, (f"{letter}humerus", f"{letter}radius"), (side, *_ARM), -1.0)
        leg = _limb(bones, frames, body, (f"{letter}femur", f"{letter}tibia"), (side, *_LEG), 1.0)
        angles = {"clavicle_lift": lift, "elbow_flexion": arm[1], "knee_flexion": leg[1]}
        for joint, parent, whole in (("shoulder", girdle, arm[0]), ("hip", pelvis, leg[0])):
            kinds = (f"{joint}_flexion", f"{joint}_abduction", f"{joint}_rotation")
            angles |= dict(zip(kinds, _ball_angles(_transposed(parent) @ whole, sign)))
        value |= {f"{side}_{name}": part for name, part in angles.items()}
    table = np.zeros((len(frames), len(ANGLES)))
    for name, column in value.items():
        table[:, angle_index(name)] = column
    return table, np.unwrap(headings)


def _central_angles(turn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return flexion, bend and twist (T,) of rotations (T, 3, 3) that `turned` makes of them."""
    flexion = np.arctan2(-turn[:, 2, 0], turn[:, 2, 2])
    bend = -np.arcsin(np.clip(turn[:, 2, 1], -1, 1))
    return flexion, bend, np.arctan2(-turn[:, 0, 1], turn[:, 1, 1])


def _ball_angles(turn: np.ndarray, sign: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return flexion, abduction and outward rotation (T,) of a shoulder or hip turned by (T, 3, 3)."""
    flexion = -np.arctan2(turn[:, 0, 2], turn[:, 2, 2])
    abduction = -sign * np.arcsin(np.clip(turn[:, 1, 2], -1, 1))
    return flexion, abduction, sign * np.arctan2(turn[:, 1, 0], turn[:, 1, 1])


def _shared_out(region: str, target: np.ndarray) -> np.ndarray:
    """Return flexion, bend and twist (T, 3) of a region whose levels together turn by `target` (T, 3, 3).

    Newton's method with differences, from the angles that a single joint would have.
    """
    step = 1e-6
    angles = np.stack(_central_angles(target), axis=-1)

    def missing(values: np.ndarray) -> np.ndarray:
        whole = reduce(np.matmul, level_rotations(region, *values.T))
        vectors: np.ndarray = Rotation.from_matrix(_transposed(whole) @ target).as_rotvec()
        return vectors

    for _ in range(_NEWTON):
        off = missing(angles)
        slopes = [(missing(angles + step * unit) - off) / step for unit in np.eye(3)]
        angles = angles - np.linalg.solve(np.stack(slopes, axis=-1), off[..., None])[..., 0]
    return angles


def _limb(
    bones: Bones,
    frames: np.ndarray,
    body: Body,
    captured: tuple[str, str],
    ours: tuple[str, str, str, str],
    hinge: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rotation of the upper segment (T, 3, 3) and the flexion (T,) of the hinge at its end.

    The upper segment points as the captured bone does, and its hinge is the captured one: the x axis of the
    lower bone's frame, `hinge` times which is the body's left when at rest.
    """
    upper, lower = (bones.index(name) for name in captured)
    axis = hinge * (frames[:, upper] @ bones.axes[lower][:, 0])
    along, further = _directions(body, *ours)
    whole = _frame(frames[:, upper] @ bones.vectors[upper], axis) @ _frame(along, _LEFT).T
    seen = np.einsum("tji,tj->ti", whole, frames[:, lower] @ bones.vectors[lower])
    return whole, _hinge_angle(seen, hinge) - _hinge_angle(further, hinge)


def _hinge_angle(direction: np.ndarray, hinge: float) -> np.ndarray:
    angle: np.ndarray = np.arctan2(-hinge * direction[..., 0], -direction[..., 2])
    return angle


def _foot(bones: Bones, frames: np.ndarray, body: Body, captured: str, segment: int) -> np.ndarray:
    """Return the rotation (T, 3, 3) of a foot that points and rolls as the captured one does."""
    bone = bones.index(captured)
    carriers, places = body.rest_keypoints
    points = places[carriers == segment] - body.segments[1][segment]
    toes = points[points[:, 0] > 0].mean(axis=0) * (1, 0, 1)  # captured feet have no breadth
    seen = _frame(frames[:, bone] @ bones.vectors[bone], frames[:, bone] @ bones.axes[bone][:, 0])
    rotation: np.ndarray = seen @ _frame(toes, _LEFT).T
    return rotation


def _lift(bones: Bones, frames: np.ndarray, captured: str, sign: float) -> np.ndarray:
    """Return by how much the captured clavicle is raised against its place at rest (T,), rad."""
    bone = bones.index(captured)
    chest = frames[:, bones.parents[bone]]
    seen = np.einsum("tji,tj->ti", chest, frames[:, bone] @ bones.vectors[bone])
    rest = bones.vectors[bone]
    raised: np.ndarray = np.arctan2(seen[:, 2], sign * seen[:, 1]) - np.arctan2(rest[2], sign * rest[1])
    return raised


def _directions(body: Body, side: str, *segments: str) -> tuple[np.ndarray, np.ndarray]:
    joints = [body.segments[1][SEGMENTS.index(f"{side}_{segment}")] for segment in segments]
    return joints[1] - joints[0], joints[2] - joints[1]


def _frame(down: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return frames (..., 3, 3) whose z is against `down` and whose y is nearest to `left`."""
    z = -down / np.linalg.norm(down, axis=-1, keepdims=True)
    y = left - (left * z).sum(axis=-1, keepdims=True) * z
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([np.cross(y, z), y, z], axis=-1)


def _leg(body: Body) -> float:
    thigh, shank = _directions(body, "left", *_LEG)
    return float(np.linalg.norm(thigh) + np.linalg.norm(shank))


def _captured_leg(bones: Bones) -> float:
    rows = [bones.index(f"{letter}{bone}") for _, letter, _ in _SIDES for bone in ("femur", "tibia")]
    return float(np.linalg.norm(bones.vectors[rows], axis=1).sum() / 2)


def _transposed(matrices: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrices, -1, -2)
