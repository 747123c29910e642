"""Joint angles: their names, anatomical ranges, and the rotation of each segment that they make."""

import numpy as np

_SIDED = (
    ("clavicle_lift", -6, 25),
    ("shoulder_flexion", -50, 175),
    ("shoulder_abduction", -15, 170),
    ("shoulder_rotation", -70, 70),
    ("elbow_flexion", 0, 145),
    ("wrist_flexion", -50, 60),
    ("hip_flexion", -20, 120),
    ("hip_abduction", -20, 45),
    ("hip_rotation", -30, 40),
    ("knee_flexion", 0, 140),
    ("ankle_flexion", -45, 30),
)
_CENTRAL = (
    ("pelvis_tilt", -20, 70),
    ("pelvis_list", -12, 12),
    ("pelvis_turn", -15, 15),
    ("spine_flexion", -30, 75),
    ("spine_bend", -40, 40),
    ("spine_twist", -50, 50),
    ("neck_flexion", -45, 50),
    ("neck_bend", -35, 35),
    ("neck_twist", -65, 65),
)
_TABLE = _CENTRAL + tuple(
    (f"{side}_{name}", low, high) for side in ("left", "right") for name, low, high in _SIDED
)

ANGLES: tuple[str, ...] = tuple(name for name, _, _ in _TABLE)
"""Names of the joint angles, in the order of the arrays.

Flexion is forward (of the ankle: toes up, of the knee and elbow: bending), bend and twist are to the left,
abduction is away from the body, rotation outward.
"""

RANGES: np.ndarray = np.radians([(low, high) for _, low, high in _TABLE])
"""Lowest and highest plausible value of each angle (A, 2), rad (rounded clinical ranges of motion)."""

# rows: the shares of flexion, bend and twist at each level; of the spine: sacrum, L5, L3, T12, T8, T3;
# of the neck: C7, C3, C1
_SHARES = {
    "spine": np.array(
        [
            [0.24, 0.22, 0.22, 0.14, 0.11, 0.07],
            [0.14, 0.20, 0.23, 0.19, 0.15, 0.09],
            [0.03, 0.05, 0.10, 0.30, 0.32, 0.20],
        ]
    ),
    "neck": np.array([[0.35, 0.35, 0.30], [0.40, 0.40, 0.20], [0.20, 0.25, 0.55]]),
}


def angle_index(name: str) -> int:
    """Return the column of a joint angle.

    Parameters
    ----------
    name : str
        One of `ANGLES`.
    """
    return ANGLES.index(name)


def axis_rotation(axis: int, angle: np.ndarray) -> np.ndarray:
    """Return right-handed rotations about a coordinate axis.

    Parameters
    ----------
    axis : int
        0, 1 or 2 for x, y or z.
    angle : ndarray, shape (T,)
        Rad.

    Returns
    -------
    ndarray, shape (T, 3, 3)
    """
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros((len(angle), 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, axis, axis] = 1.0
    matrix[:, i, i], matrix[:, i, j] = cos, -sin
    matrix[:, j, i], matrix[:, j, j] = sin, cos
    return matrix


def level_rotations(
    region: str, flexion: np.ndarray, bend: np.ndarray, twist: np.ndarray
) -> list[np.ndarray]:
    """Return how each level of the spine or neck turns relative to the level below.

    Parameters
    ----------
    region : {"spine", "neck"}
    flexion, bend, twist : ndarray, shape (T,)
        Angles of the whole region, rad; each level takes its share of them.

    Returns
    -------
    list of ndarray, shape (T, 3, 3)
        From the lowest level up.
    """
    return [_central_rotation(a * flexion, b * bend, c * twist) for a, b, c in _SHARES[region].T]


def segment_rotations(angles: np.ndarray, headings: np.ndarray) -> np.ndarray:
    """Return the rotation of each segment relative to its parent.

    Parameters
    ----------
    angles : ndarray, shape (T, A)
        Joint angles in the order of `ANGLES`, rad.
    headings : ndarray, shape (T,)
        Rotation of the pelvis about the vertical, rad.

    Returns
    -------
    ndarray, shape (T, S, 3, 3)
        Pelvis, spine and neck from bottom to top, then the left and the right limbs; of the pelvis relative
        to the world.
    """
    value = dict(zip(ANGLES, np.asarray(angles, dtype=np.float64).T))
    local = [_central_rotation(value["pelvis_tilt"], value["pelvis_list"], headings + value["pelvis_turn"])]
    for region in ("spine", "neck"):
        local += level_rotations(
            region, *(value[f"{region}_{name}"] for name in ("flexion", "bend", "twist"))
        )
    for side, sign in (("left", 1.0), ("right", -1.0)):
        local += _limb_rotations({name: value[f"{side}_{name}"] for name, _, _ in _SIDED}, sign)
    return np.stack(local, axis=1)


def _central_rotation(flexion: np.ndarray, bend: np.ndarray, twist: np.ndarray) -> np.ndarray:
    """Return the rotations (T, 3, 3) of a segment of the trunk by its angles (T,), rad."""
    rotation: np.ndarray = axis_rotation(2, twist) @ axis_rotation(0, -bend) @ axis_rotation(1, flexion)
    return rotation


def _limb_rotations(angle: dict[str, np.ndarray], sign: float) -> list[np.ndarray]:
    """Return the rotations of the segments of one side's arm and leg; `sign` is -1 for the right side."""
    swing = axis_rotation(1, -angle["shoulder_flexion"]) @ axis_rotation(
        0, sign * angle["shoulder_abduction"]
    )
    hip = axis_rotation(1, -angle["hip_flexion"]) @ axis_rotation(0, sign * angle["hip_abduction"])
    return [
        axis_rotation(0, sign * angle["clavicle_lift"]),
        swing @ axis_rotation(2, sign * angle["shoulder_rotation"]),
        axis_rotation(1, -angle["elbow_flexion"]),
        axis_rotation(0, -sign * angle["wrist_flexion"]),
        hip @ axis_rotation(2, sign * angle["hip_rotation"]),
        axis_rotation(1, angle["knee_flexion"]),
        axis_rotation(1, -angle["ankle_flexion"]),
    ]
