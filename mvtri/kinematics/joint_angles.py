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

# shares of flexion, bend and twist: of the spine at sacrum, L5, L3, T12, T8, T3, of the neck at C7, C3, C1
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


def index(name: str) -> int:
    """Return the column of the angle called `name`."""
    return ANGLES.index(name)


def rotation(axis: int, angle: np.ndarray) -> np.ndarray:
    """Return right-handed rotations (T, 3, 3) about a coordinate axis by `angle` (T,) in rad."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros((len(angle), 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, axis, axis] = 1.0
    matrix[:, i, i], matrix[:, i, j] = cos, -sin
    matrix[:, j, i], matrix[:, j, j] = sin, cos
    return matrix


def turned(flexion: np.ndarray, bend: np.ndarray, twist: np.ndarray) -> np.ndarray:
    """Return the rotations (T, 3, 3) of a central segment against the one below by its angles (T,), rad."""
    return rotation(2, twist) @ rotation(0, -bend) @ rotation(1, flexion)


def level_rotations(
    region: str, flexion: np.ndarray, bend: np.ndarray, twist: np.ndarray
) -> list[np.ndarray]:
    """Return rotations (T, 3, 3) of the levels of ``"spine"`` or ``"neck"``, each its share of the whole."""
    return [turned(a * flexion, b * bend, c * twist) for a, b, c in _SHARES[region].T]


def segment_rotations(angles: np.ndarray, headings: np.ndarray) -> np.ndarray:
    """Return each segment's rotation against its parent (T, S, 3, 3), the pelvis's against the world."""
    value = dict(zip(ANGLES, np.asarray(angles, dtype=np.float64).T))

    pelvis = turned(value["pelvis_tilt"], value["pelvis_list"], headings + value["pelvis_turn"])
    local = [pelvis]
    for region in ("spine", "neck"):
        local += level_rotations(
            region, *(value[f"{region}_{name}"] for name in ("flexion", "bend", "twist"))
        )
    for side, sign in (("left", 1.0), ("right", -1.0)):
        part = {name: value[f"{side}_{name}"] for name, _, _ in _SIDED}
        swing = rotation(1, -part["shoulder_flexion"]) @ rotation(0, sign * part["shoulder_abduction"])
        hip = rotation(1, -part["hip_flexion"]) @ rotation(0, sign * part["hip_abduction"])
        local += [
            rotation(0, sign * part["clavicle_lift"]),
            swing @ rotation(2, sign * part["shoulder_rotation"]),
            rotation(1, -part["elbow_flexion"]),
            rotation(0, -sign * part["wrist_flexion"]),
            hip @ rotation(2, sign * part["hip_rotation"]),
            rotation(1, part["knee_flexion"]),
            rotation(1, -part["ankle_flexion"]),
        ]
    return np.stack(local, axis=1)
