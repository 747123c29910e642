"""Motions of a body: joint angles over time, and where its feet carry it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.errors import InputError
from mvtri.kinematics.joint_angles import ANGLES, RANGES, angle_index
from mvtri.synthetic.body import SEGMENTS, SOLE, Body

MIRROR = np.array(
    [
        angle_index({"left": "right_", "right": "left_"}[name.split("_")[0]] + name.partition("_")[2])
        if name.startswith(("left_", "right_"))
        else angle_index(name)
        for name in ANGLES
    ]
)
TURNS = np.array([-1.0 if name.endswith(("_list", "_turn", "_bend", "_twist")) else 1.0 for name in ANGLES])


@dataclass(frozen=True)
class Motion:
    """Joint angles over time.

    Attributes
    ----------
    angles : ndarray, shape (T, A)
        Rad, in the order of `mvtri.kinematics.ANGLES`.
    headings : ndarray, shape (T,)
        The direction of the pelvis, rad about the vertical from the world's x axis.
    start : tuple of float
        Where on the floor the middle of the hips is in the first frame, x, y in m.
    """

    angles: np.ndarray
    headings: np.ndarray
    start: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if (
            self.angles.ndim != 2
            or self.angles.shape[1] != len(ANGLES)
            or self.headings.shape != self.angles.shape[:1]
        ):
            raise InputError(
                f"a motion has angles of shape {self.angles.shape} and headings of shape "
                f"{self.headings.shape}; expected (time, {len(ANGLES)}) and (time,)"
            )

    def __len__(self) -> int:
        return len(self.angles)


@dataclass(frozen=True)
class Animation:
    """A body in motion.

    Attributes
    ----------
    body : Body
        Whose it is.
    keypoints : ndarray, shape (T, 37, 3)
        In the order of ``spinetrack37``, m.
    rotations, joints : ndarray, shapes (T, S, 3, 3) and (T, S, 3)
        Of the segments, from the rest pose to the world, and where their joints are, m.
    """

    body: Body
    keypoints: np.ndarray
    rotations: np.ndarray
    joints: np.ndarray

    def __len__(self) -> int:
        return len(self.keypoints)


def animate(body: Body, motion: Motion) -> Animation:
    """Move `body`: its lowest sole is on the floor z = 0, and the foot that carries it stays where it is.

    Parameters
    ----------
    body : Body
        The proportions.
    motion : Motion
        T frames of joint angles.

    Returns
    -------
    Animation
        Of T frames, in the world's coordinates.
    """
    rotations, joints = body.pose(motion.angles, np.zeros((len(motion), 3)), motion.headings)
    under = soles(body, rotations, joints)
    height = under[..., 2]
    lowest = height.min(axis=1, keepdims=True)
    weight = np.exp(-(height - lowest) / 0.008)
    weight /= weight.sum(axis=1, keepdims=True)
    carried = 0.5 * (weight[1:] + weight[:-1])
    steps = -np.einsum("tp,tpi->ti", carried, np.diff(under[..., :2], axis=0))
    shift = np.empty((len(motion), 3))
    shift[:, :2] = np.asarray(motion.start) + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    shift[:, 2] = -lowest[:, 0]
    joints = joints + shift[:, None]
    return Animation(body, body.keypoints(rotations, joints), rotations, joints)


def soles(body: Body, rotations: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Return the points under heels and toes (T, 6, 3)."""
    carriers, places = body.rest_keypoints
    rest = body.segments[1]
    feet = [SEGMENTS.index(f"{side}_foot") for side in ("left", "right")]
    points = []
    for foot in feet:
        for place in places[carriers == foot]:
            sole = np.array([place[0], place[1], -SOLE * body.stature * body.legs])
            points.append(joints[:, foot] + rotations[:, foot] @ (sole - rest[foot]))
    return np.stack(points, axis=1)


def still(frames: int, heading: float = 0.0, **degrees: float) -> Motion:
    """Return a pose that is held: hanging arms, and the angles given in degrees by name."""
    angles = np.tile(pose_of(degrees), (frames, 1))
    return Motion(angles, np.full(frames, float(heading)))


def pose_of(degrees: dict[str, float]) -> np.ndarray:
    """Return a relaxed stance (A,), rad, with the angles given in degrees by name, within their ranges."""
    relaxed: dict[str, float] = {"left_shoulder_abduction": 8.0, "right_shoulder_abduction": 8.0}
    relaxed |= {"left_elbow_flexion": 12.0, "right_elbow_flexion": 12.0}
    pose = np.zeros(len(ANGLES))
    for name, value in (relaxed | degrees).items():
        if name not in ANGLES:
            raise InputError(f"no joint angle is called {name!r} (there are: {', '.join(ANGLES)})")
        pose[angle_index(name)] = np.radians(value)
    return np.clip(pose, RANGES[:, 0], RANGES[:, 1])


def _there_and_back(frames: int) -> np.ndarray:
    """Return a smooth course (frames,) from 0 to 1 and back, with a short rest at 1."""
    course = np.sin(np.pi * np.linspace(0.0, 1.0, frames)) * 1.12
    course = np.clip(course, 0.0, None)
    return np.where(course > 0.9, 0.9 + 0.1 * np.tanh((course - 0.9) / 0.1), course)


def walk(
    frames: int, fps: float = 50.0, cadence: float = 1.0, vigour: float = 1.0, phase: float = 0.0
) -> Motion:
    """Return a walk straight ahead with arm swing.

    Parameters
    ----------
    frames : int
        How many.
    fps : float
        Frames per second.
    cadence : float
        Strides (two steps) per second.
    vigour : float
        Size of the excursions; 1 is an ordinary walk.
    phase : float
        Where in the stride it begins, rad; the left heel strikes at 0.
    """
    stride = phase + 2 * np.pi * cadence * np.arange(frames) / fps
    course: dict[str, np.ndarray] = {}
    for side, offset in (("left", 0.0), ("right", np.pi)):
        turn = stride + offset
        course[f"{side}_hip_flexion"] = 9 + 21 * np.cos(turn + 0.15)
        course[f"{side}_knee_flexion"] = 4 + 13 * _bump(turn, 0.13, 6.0) + 56 * _bump(turn, 0.73, 4.5)
        course[f"{side}_ankle_flexion"] = (
            -7 * _bump(turn, 0.07, 14.0) + 9 * _bump(turn, 0.43, 6.0) - 19 * _bump(turn, 0.63, 14.0)
        )
        course[f"{side}_shoulder_flexion"] = -2 - 23 * np.cos(turn)
        course[f"{side}_elbow_flexion"] = 24 - 14 * np.cos(turn)
        course[f"{side}_shoulder_abduction"] = 8 + 0 * turn
    course["pelvis_turn"] = -5 * np.cos(stride)
    course["pelvis_list"] = 3.5 * np.sin(stride)
    course["pelvis_tilt"] = 4 + 1.5 * np.cos(2 * stride)
    course["spine_twist"] = 11 * np.cos(stride)
    course["spine_bend"] = -4 * np.sin(stride)
    course["neck_twist"] = -6 * np.cos(stride)
    angles = np.tile(pose_of({}), (frames, 1))
    for name, values in course.items():
        rest = angles[:, angle_index(name)]
        angles[:, angle_index(name)] = rest + vigour * (np.radians(values) - rest)
    return Motion(np.clip(angles, RANGES[:, 0], RANGES[:, 1]), np.zeros(frames))


def _bump(turn: np.ndarray, centre: float, sharpness: float) -> np.ndarray:
    """Return a periodic bump of height 1 at `centre` (a fraction of the stride)."""
    return np.exp(sharpness * (np.cos(turn - 2 * np.pi * centre) - 1))


def forward_bend(frames: int, degrees: float = 60.0) -> Motion:
    """Return a bend of the spine (sacrum to C7) forward to `degrees` and back; hips follow, arms hang."""
    course = _there_and_back(frames)
    lean = 0.3 * degrees
    hang = 0.75 * degrees + lean
    deepest = pose_of(
        {
            "spine_flexion": degrees,
            "pelvis_tilt": lean,
            "neck_flexion": 0.25 * degrees,
            "left_hip_flexion": lean,
            "right_hip_flexion": lean,
            "left_shoulder_flexion": hang,
            "right_shoulder_flexion": hang,
            "left_elbow_flexion": 8,
            "right_elbow_flexion": 8,
        }
    )
    return _towards(deepest, course)


def side_bend(frames: int, degrees: float = 30.0) -> Motion:
    """Return a bend of the spine to the left (negative: right) by `degrees` and back."""
    low, high = ("left", "right") if degrees > 0 else ("right", "left")
    most = {"spine_bend": degrees, "neck_bend": 0.3 * degrees, f"{high}_elbow_flexion": 20}
    most |= {
        f"{low}_shoulder_abduction": 8 + 0.9 * abs(degrees),
        f"{high}_shoulder_abduction": 8 + 0.4 * abs(degrees),
    }
    return _towards(pose_of(most), _there_and_back(frames))


def twist(frames: int, degrees: float = 40.0) -> Motion:
    """Return a twist of the spine to the left (negative: right) by `degrees` and back, elbows lifted."""
    most = {"spine_twist": degrees, "neck_twist": 0.3 * degrees, "pelvis_turn": 0.15 * degrees}
    for side in ("left", "right"):
        most |= {
            f"{side}_elbow_flexion": 75,
            f"{side}_shoulder_abduction": 30,
            f"{side}_shoulder_flexion": 20,
        }
    return _towards(pose_of(most), _there_and_back(frames))


def _towards(pose: np.ndarray, course: np.ndarray) -> Motion:
    rest = pose_of({})
    return Motion(rest + course[:, None] * (pose - rest), np.zeros(len(course)))


def mirrored(motion: Motion) -> Motion:
    """Return `motion` with left and right exchanged."""
    return Motion((TURNS * motion.angles)[:, MIRROR], -motion.headings, (motion.start[0], -motion.start[1]))


def turned(motion: Motion, headings: float | np.ndarray, start: tuple[float, float] | None = None) -> Motion:
    """Return `motion` with `headings` (rad) added, begun at `start` (m) when given."""
    return Motion(motion.angles, motion.headings + headings, motion.start if start is None else start)


def chain(motions: Sequence[Motion], overlap: int = 10) -> Motion:
    """Return `motions` one after the other, each blended smoothly into the next over `overlap` frames.

    Raises
    ------
    InputError
        If there is none, or one is not longer than the blends at its two ends.
    """
    if not motions:
        raise InputError("no motion was given to chain; pass at least one")
    short = [len(motion) for motion in motions if len(motion) <= 2 * overlap]
    if short and len(motions) > 1:
        raise InputError(
            f"a motion of {min(short)} frames is too short for blends of {overlap}; shorten the overlap"
        )
    angles, headings = motions[0].angles, motions[0].headings
    step = np.linspace(0.0, 1.0, overlap + 2)[1:-1]
    weight = step * step * (3 - 2 * step)
    for motion in motions[1:]:
        cut = len(angles) - overlap
        mixed = angles[cut:] + weight[:, None] * (motion.angles[:overlap] - angles[cut:])
        turns = headings[cut:] + weight * (motion.headings[:overlap] - headings[cut:])
        angles = np.concatenate([angles[:cut], mixed, motion.angles[overlap:]])
        headings = np.concatenate([headings[:cut], turns, motion.headings[overlap:]])
    return Motion(angles, headings, motions[0].start)
