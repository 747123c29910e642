"""Random poses and motions: what training and tests draw from."""

from collections.abc import Callable

import numpy as np

from mvtri.kinematics.joint_angles import ANGLES, RANGES, angle_index
from mvtri.synthetic.motion import MIRROR, TURNS, Motion, forward_bend, pose_of, walk


def random_pose(rng: np.random.Generator) -> np.ndarray:
    """Return plausible joint angles (A,) in rad: a walk, bend, twist, squat, reach or stance, varied."""
    makers: list[tuple[float, Callable[[np.random.Generator], np.ndarray]]] = [
        (0.24, _any_walk), (0.22, _any_bend), (0.12, _any_lean), (0.12, _any_squat), (0.3, _any_reach),
    ]  # fmt: skip
    shares = np.array([share for share, _ in makers])
    pose = makers[rng.choice(len(makers), p=shares / shares.sum())][1](rng)
    loose = np.radians(
        np.where([("shoulder" in n or "elbow" in n or "wrist" in n) for n in ANGLES], 9.0, 4.0)
    )
    pose = pose + loose * rng.normal(size=len(ANGLES))
    if rng.random() < 0.5:
        pose = (TURNS * pose)[MIRROR]
    clipped: np.ndarray = np.clip(pose, RANGES[:, 0], RANGES[:, 1])
    return clipped


def random_motion(frames: int, rng: np.random.Generator | int, hold: int = 30) -> Motion:
    """Return a motion through a random pose every `hold` frames, slowly turning about."""
    rng = np.random.default_rng(rng)
    count = max(2, -(-frames // hold) + 1)
    poses = np.array([random_pose(rng) for _ in range(count)])
    place = np.linspace(0, count - 1, frames)
    first = np.minimum(place.astype(int), count - 2)
    step = (place - first)[:, None]
    angles = poses[first] + step * step * (3 - 2 * step) * (poses[first + 1] - poses[first])
    headings = rng.uniform(-np.pi, np.pi) + np.linspace(0.0, rng.normal(0.0, 0.5) * frames / 50, frames)
    return Motion(angles, headings)


def _any_walk(rng: np.random.Generator) -> np.ndarray:
    pose: np.ndarray = walk(1, vigour=rng.uniform(0.3, 1.4), phase=rng.uniform(0, 2 * np.pi)).angles[0]
    return pose


def _any_bend(rng: np.random.Generator) -> np.ndarray:
    pose: np.ndarray = forward_bend(3, rng.uniform(-25, 75)).angles[1]
    lean = np.radians(rng.uniform(-5, 40)) * (rng.random() < 0.6)
    for name in ("pelvis_tilt", "left_hip_flexion", "right_hip_flexion"):
        pose[angle_index(name)] += lean
    knee = np.radians(rng.uniform(0, 25))
    for side in ("left", "right"):
        pose[angle_index(f"{side}_shoulder_flexion")] *= rng.uniform(0.4, 1.3)
        pose[angle_index(f"{side}_knee_flexion")] += 2 * knee
        pose[angle_index(f"{side}_hip_flexion")] += knee
        pose[angle_index(f"{side}_ankle_flexion")] += knee
    return pose


def _any_lean(rng: np.random.Generator) -> np.ndarray:
    amounts = {"spine_bend": rng.uniform(-40, 40), "spine_twist": rng.uniform(-50, 50)}
    amounts |= {
        "neck_bend": rng.normal(0, 10),
        "neck_twist": rng.normal(0, 25),
        "spine_flexion": rng.normal(5, 12),
    }
    for side in ("left", "right"):
        amounts[f"{side}_elbow_flexion"] = rng.uniform(0, 110)
        amounts[f"{side}_shoulder_abduction"] = rng.uniform(0, 60)
        amounts[f"{side}_shoulder_flexion"] = rng.uniform(-20, 50)
    return pose_of(amounts)


def _any_squat(rng: np.random.Generator) -> np.ndarray:
    depth = rng.uniform(0.2, 1.0)
    amounts = {"spine_flexion": depth * rng.uniform(0, 50), "pelvis_tilt": depth * rng.uniform(0, 40)}
    spread = rng.uniform(0, 25)
    for side in ("left", "right"):
        amounts[f"{side}_hip_flexion"] = depth * 95 + amounts["pelvis_tilt"] * 0.5
        amounts[f"{side}_knee_flexion"] = depth * 115
        amounts[f"{side}_ankle_flexion"] = depth * 26
        amounts[f"{side}_hip_abduction"] = amounts[f"{side}_hip_rotation"] = spread
        amounts[f"{side}_shoulder_flexion"] = depth * rng.uniform(0, 100)
        amounts[f"{side}_elbow_flexion"] = rng.uniform(0, 90)
    return pose_of(amounts)


def _any_reach(rng: np.random.Generator) -> np.ndarray:
    amounts = {
        "spine_flexion": rng.normal(5, 10),
        "spine_twist": rng.normal(0, 12),
        "spine_bend": rng.normal(0, 8),
    }
    amounts |= {"neck_flexion": rng.normal(0, 14), "neck_twist": rng.normal(0, 22)}
    for side in ("left", "right"):
        if rng.random() < 0.7:
            raised = rng.uniform(0, 1) ** 0.7
            forward = rng.uniform(0, 1)
            amounts[f"{side}_shoulder_flexion"] = 165 * raised * forward - 25 * (1 - raised)
            amounts[f"{side}_shoulder_abduction"] = 8 + 145 * raised * (1 - forward)
            amounts[f"{side}_elbow_flexion"] = 140 * rng.uniform(0, 1) ** 2
            amounts[f"{side}_shoulder_rotation"] = rng.normal(0, 25)
            amounts[f"{side}_clavicle_lift"] = 18 * raised
        amounts[f"{side}_hip_abduction"] = rng.uniform(0, 15)
        amounts[f"{side}_hip_rotation"] = rng.uniform(-5, 20)
        amounts[f"{side}_hip_flexion"] = rng.normal(5, 12)
        amounts[f"{side}_knee_flexion"] = abs(rng.normal(4, 14))
    return pose_of(amounts)
