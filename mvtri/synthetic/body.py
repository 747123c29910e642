"""The person: 37 keypoints on rigid segments, posed by anatomical angles.

The rest pose is upright with hanging arms, x forward, y left, z up, the middle of the hip joints at the
origin.  Proportions are fractions of stature after the usual anthropometric tables (Drillis & Contini
1966; Winter, *Biomechanics and Motor Control of Human Movement*, 2009, table 4.1), the spine's levels after
mean vertebral heights and an ordinary lordosis and kyphosis.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mvtri.errors import InputError
from mvtri.kinematics.joint_angles import ANGLES, segment_rotations
from mvtri.skeletons import get_skeleton

SKELETON = "spinetrack37"

# name, parent, joint in the rest pose as a fraction of stature (x forward, y left, z up)
_TRUNK = (
    ("pelvis", -1, (0.0, 0.0, 0.0)),
    ("sacrum", 0, (-0.033, 0.0, 0.038)),
    ("l5", 1, (-0.031, 0.0, 0.064)),
    ("l3", 2, (-0.024, 0.0, 0.104)),
    ("t12", 3, (-0.030, 0.0, 0.162)),
    ("t8", 4, (-0.045, 0.0, 0.221)),
    ("t3", 5, (-0.047, 0.0, 0.284)),
    ("c7", 6, (-0.036, 0.0, 0.324)),
    ("c3", 7, (-0.020, 0.0, 0.362)),
    ("c1", 8, (-0.014, 0.0, 0.383)),
)
_LIMBS = (
    ("girdle", 5, (0.006, 0.014, 0.291)),
    ("upper_arm", 0, (-0.014, 0.106, 0.297)),
    ("forearm", 1, (-0.014, 0.114, 0.128)),
    ("hand", 2, (-0.006, 0.116, -0.022)),
    ("thigh", 0, (0.0, 0.052, 0.0)),
    ("shank", 5, (0.003, 0.050, -0.243)),
    ("foot", 6, (-0.007, 0.048, -0.482)),
)
SEGMENTS = tuple(name for name, _, _ in _TRUNK) + tuple(
    f"{side}_{name}" for side in ("left", "right") for name, _, _ in _LIMBS
)
_SIDES = {"left": 1.0, "right": -1.0}

# keypoint: segment that carries it, place in the rest pose; a sided one is given for the left
_CENTRAL = {
    "hip": ("pelvis", (-0.033, 0.0, 0.038)),
    "spine_01": ("sacrum", (-0.031, 0.0, 0.064)),
    "spine_02": ("l5", (-0.024, 0.0, 0.104)),
    "spine_03": ("l3", (-0.030, 0.0, 0.162)),
    "spine_04": ("t12", (-0.045, 0.0, 0.221)),
    "spine_05": ("t8", (-0.047, 0.0, 0.284)),
    "neck": ("t3", (-0.036, 0.0, 0.324)),
    "neck_02": ("c7", (-0.020, 0.0, 0.362)),
    "neck_03": ("c3", (-0.014, 0.0, 0.383)),
    "head": ("c1", (-0.006, 0.0, 0.480)),
    "nose": ("c1", (0.060, 0.0, 0.402)),
}
_SIDED = {
    "eye": ("c1", (0.047, 0.018, 0.419)),
    "ear": ("c1", (-0.004, 0.043, 0.411)),
    "clavicle": ("t8", (0.004, 0.045, 0.298)),
    "latissimus": ("t12", (-0.044, 0.066, 0.214)),
    "shoulder": ("girdle", (-0.014, 0.106, 0.297)),
    "elbow": ("upper_arm", (-0.014, 0.114, 0.128)),
    "wrist": ("forearm", (-0.006, 0.116, -0.022)),
    "hip": ("pelvis", (0.0, 0.052, 0.0)),
    "knee": ("thigh", (0.003, 0.050, -0.243)),
    "ankle": ("shank", (-0.007, 0.048, -0.482)),
    "big_toe": ("foot", (0.098, 0.040, -0.511)),
    "small_toe": ("foot", (0.076, 0.077, -0.512)),
    "heel": ("foot", (-0.037, 0.047, -0.507)),
}
SOLE = 0.521  # the floor under the hip joints, as a fraction of stature


@dataclass(frozen=True)
class Body:
    """A person's proportions.

    Attributes
    ----------
    stature : float
        Standing height, m.
    girth : float
        Thickness of trunk and limbs, relative to the mean of that stature.
    trunk, legs, arms, shoulders, hips, head : float
        Length of trunk, legs and arms, breadth of shoulders and hips, size of the head, relative to the
        mean of that stature.
    """

    stature: float = 1.74
    girth: float = 1.0
    trunk: float = 1.0
    legs: float = 1.0
    arms: float = 1.0
    shoulders: float = 1.0
    hips: float = 1.0
    head: float = 1.0

    def __post_init__(self) -> None:
        limits = dict.fromkeys(("girth", "trunk", "legs", "arms", "shoulders", "hips", "head"), (0.7, 1.4))
        limits["stature"] = (0.5, 2.5)
        wrong = [
            f"{name} is {getattr(self, name)}, expected {low} to {high}"
            for name, (low, high) in limits.items()
            if not low <= getattr(self, name) <= high
        ]
        if wrong:
            raise InputError(f"such a body cannot be built: {'; '.join(wrong)}")

    @classmethod
    def sample(cls, rng: np.random.Generator | int) -> "Body":
        """Return an adult drawn from plausible proportions (stature 1.50 to 1.98 m)."""
        rng = np.random.default_rng(rng)
        part = np.clip(rng.normal(0.0, 1.0, 8), -2.0, 2.0)
        spread = np.array([0.09, 0.08, 0.02, 0.02, 0.02, 0.035, 0.035, 0.02])
        values = np.array([1.74, 1, 1, 1, 1, 1, 1, 1]) + spread * part
        values[0] += 0.03 * rng.uniform(-1, 1) * 2
        return cls(*(float(value) for value in np.clip(values, None, 1.98)))

    def scaled(self, place: tuple[float, float, float], segment: str) -> np.ndarray:
        """Return a rest-pose place, given as a fraction of mean stature, on this body in m."""
        x, y, z = place
        part = segment.removeprefix("left_").removeprefix("right_")
        if part in ("c7", "c3", "c1"):
            base = np.array([-0.036, 0.0, 0.324])
            x, y, z = base * (1, 1, self.trunk) + (np.array(place) - base) * self.head
        elif part in ("girdle", "upper_arm", "forearm", "hand"):
            y *= self.shoulders
            shoulder = 0.297
            z = z * self.trunk if z >= 0.25 else shoulder * self.trunk + (z - shoulder) * self.arms
        elif part in ("thigh", "shank", "foot"):
            y, z = y * self.hips, z * self.legs
        else:
            y = y * (self.hips if part in ("pelvis", "sacrum", "l5") else self.shoulders)
            z = z * self.trunk
        return self.stature * np.array([x, y, z])

    @cached_property
    def segments(self) -> tuple[tuple[int, ...], np.ndarray]:
        """The parent of each segment (-1 for the pelvis) and its joint in the rest pose (S, 3) in m."""
        parents = [parent for _, parent, _ in _TRUNK]
        joints = [self.scaled(place, name) for name, _, place in _TRUNK]
        for side, sign in _SIDES.items():
            first = len(parents)
            for name, parent, place in _LIMBS:
                trunk = name in ("girdle", "thigh")
                parents.append(parent if trunk else first + _CHAIN[name])
                joints.append(self.scaled(place, f"{side}_{name}") * (1, sign, 1))
        return tuple(parents), np.array(joints)

    @cached_property
    def rest_keypoints(self) -> tuple[np.ndarray, np.ndarray]:
        """The segment that carries each keypoint (37,), and its place in the rest pose (37, 3) in m."""
        carriers, places = [], []
        for name in get_skeleton(SKELETON).keypoints:
            side, _, part = name.partition("_")
            if side in _SIDES:
                segment, place = _SIDED[part]
                sign = _SIDES[side]
                segment = f"{side}_{segment}" if f"{side}_{segment}" in SEGMENTS else segment
            else:
                segment, place = _CENTRAL[name]
                sign = 1.0
            carriers.append(SEGMENTS.index(segment))
            places.append(self.scaled(place, segment) * (1, sign, 1))
        return np.array(carriers), np.array(places)

    def pose(
        self, angles: np.ndarray, positions: np.ndarray, headings: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where each segment is: rotations (T, S, 3, 3) from rest to world and joints (T, S, 3) in m.

        Parameters
        ----------
        angles : ndarray, shape (T, A)
            Of the joints, rad, in the order of `mvtri.kinematics.ANGLES`.
        positions : ndarray, shape (T, 3)
            Of the middle of the hip joints, m.
        headings : ndarray, shape (T,)
            The direction that the pelvis faces, rad about the vertical from the world's x axis.
        """
        angles = np.asarray(angles, dtype=np.float64)
        if angles.ndim != 2 or angles.shape[1] != len(ANGLES):
            raise InputError(f"joint angles have the shape {angles.shape}; expected (time, {len(ANGLES)})")
        return self.place(segment_rotations(angles, np.asarray(headings, dtype=np.float64)), positions)

    def place(self, local: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where each segment is: rotations (T, S, 3, 3) from rest to world and joints (T, S, 3) in m.

        Parameters
        ----------
        local : ndarray, shape (T, S, 3, 3)
            The rotation of each segment relative to its parent, of the pelvis relative to the world.
        positions : ndarray, shape (T, 3)
            Of the middle of the hip joints, m.
        """
        parents, rest = self.segments
        rotations, joints = np.empty_like(local), np.empty(local.shape[:3])
        rotations[:, 0], joints[:, 0] = local[:, 0], positions
        for segment in range(1, len(parents)):
            parent = parents[segment]
            rotations[:, segment] = rotations[:, parent] @ local[:, segment]
            joints[:, segment] = joints[:, parent] + rotations[:, parent] @ (rest[segment] - rest[parent])
        return rotations, joints

    def keypoints(self, rotations: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """Return the 37 keypoints (T, 37, 3) in m of segments posed by `pose`."""
        carriers, places = self.rest_keypoints
        offsets = places - self.segments[1][carriers]
        points: np.ndarray = joints[:, carriers] + np.einsum("tkij,kj->tki", rotations[:, carriers], offsets)
        return points


_CHAIN = {"upper_arm": 0, "forearm": 1, "hand": 2, "shank": 4, "foot": 5}
