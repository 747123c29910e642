"""Moving people for the training of the lifters: our own motions and random poses on random bodies.

No captured motion is used.  Four kinds of motion, each on a body of its own: through random poses, walks with
another trunk and other arms, joint angles that wander on their own within the joints' ranges, and the same
with spines whose levels bend apart from each other.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from mvtri.kinematics.joint_angles import ANGLES, RANGES, segment_rotations
from mvtri.synthetic import Body, random_motion, walk
from mvtri.synthetic.motion import MIRROR, TURNS, soles

FRAMES = 200  # of a clip
FPS = 50.0
KINDS = ("poses", "walk", "wander", "levels")
_SHARES = (0.3, 0.25, 0.25, 0.2)
_UPPER = np.array([name.startswith(("spine", "neck")) or "shoulder" in name or "elbow" in name or "wrist"
                   in name or "clavicle" in name for name in ANGLES])  # fmt: skip
_LEVELS = slice(1, 10)  # segments of spine and neck


def wander(rng: np.random.Generator, columns: int, slow: float) -> np.ndarray:
    """Return smooth random courses (FRAMES, columns) of variance 1; `slow` is their time scale in frames."""
    course = gaussian_filter1d(rng.normal(size=(FRAMES + int(6 * slow), columns)), slow, axis=0)
    course *= np.sqrt(2 * slow * np.sqrt(np.pi))
    start = int(3 * slow)
    return course[start : start + FRAMES]


def draw_angles(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return joint angles (FRAMES, A) and headings (FRAMES,), rad, of a motion of a kind."""
    poses = random_motion(FRAMES, rng, hold=int(rng.integers(9, 50))).angles
    if kind == "walk":
        step = walk(FRAMES, FPS, rng.uniform(0.6, 1.7), rng.uniform(0.4, 1.9), rng.uniform(0, 2 * np.pi))
        mix = rng.uniform(0, 1) * _UPPER
        poses = step.angles + mix * (poses - step.angles)
    elif kind != "poses":
        share = rng.uniform(0.0, 0.35)
        reach = RANGES[:, 1] - RANGES[:, 0]
        poses = poses + share * 0.5 * reach * wander(rng, len(ANGLES), rng.uniform(5, 30))
    if rng.random() < 0.5:
        poses = (TURNS * poses)[:, MIRROR]
    headings = rng.normal(0, 0.6) * wander(rng, 1, 30.0)[:, 0] + np.linspace(0, rng.normal(0, 2.0), FRAMES)
    return np.clip(poses, RANGES[:, 0], RANGES[:, 1]), headings


def make_clip(seed: int) -> tuple[np.ndarray, float]:
    """Return keypoints (FRAMES, 37, 3), m, feet on the floor where they carry, and the stature, m."""
    rng = np.random.default_rng([20261201, seed])
    body = Body.sample(rng)
    kind = str(rng.choice(KINDS, p=_SHARES))
    angles, headings = draw_angles(kind, rng)
    local = segment_rotations(angles, headings)
    if kind == "levels":
        count = local[0, _LEVELS].shape[0]
        turns = np.radians(rng.uniform(1, 6)) * wander(rng, 3 * count, rng.uniform(8, 40))
        turns = turns + np.radians(3.0) * rng.normal(size=3 * count)
        local[:, _LEVELS] = local[:, _LEVELS] @ Rotation.from_rotvec(
            turns.reshape(-1, 3)
        ).as_matrix().reshape(FRAMES, count, 3, 3)
    rotations, joints = body.place(local, np.zeros((FRAMES, 3)))
    under = soles(body, rotations, joints)
    lowest = under[..., 2].min(axis=1, keepdims=True)
    weight = np.exp(-(under[..., 2] - lowest) / 0.008)
    weight /= weight.sum(axis=1, keepdims=True)
    steps = -np.einsum("tp,tpi->ti", 0.5 * (weight[1:] + weight[:-1]), np.diff(under[..., :2], axis=0))
    shift = np.zeros((FRAMES, 3))
    shift[1:, :2] = np.cumsum(steps, axis=0)
    shift[:, 2] = -lowest[:, 0] + (rng.random() < 0.3) * 0.1 * np.abs(wander(rng, 1, 8.0)[:, 0])
    return body.keypoints(rotations, joints + shift[:, None]), body.stature


def make_pool(first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return clips (count, FRAMES, 37, 3) as float32, in body heights, and the statures (count,), m."""
    clips, statures = np.empty((count, FRAMES, 37, 3), np.float32), np.empty(count)
    for row in range(count):
        points, statures[row] = make_clip(first + row)
        clips[row] = points / statures[row]
    return clips, statures
