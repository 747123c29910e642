"""A walking person of 37 keypoints before the Human3.6M cameras, made for tests of the report."""

import numpy as np
import xarray as xr

from mvtri.calib import human36m_cameras
from mvtri.cameras import CameraGroup
from mvtri.skeletons import get_skeleton
from mvtri.tracks import Status, make_tracks

_HEIGHTS = {  # forward, left, up in metres; the right side mirrors the left
    "nose": (0.11, 0, 1.62), "left_eye": (0.09, 0.03, 1.66), "left_ear": (0.01, 0.08, 1.63),
    "left_shoulder": (0, 0.19, 1.42), "left_elbow": (-0.02, 0.24, 1.13), "left_wrist": (0.08, 0.25, 0.89),
    "left_hip": (0, 0.11, 0.93), "left_knee": (0.02, 0.11, 0.5), "left_ankle": (-0.02, 0.1, 0.08),
    "head": (0.01, 0, 1.78), "neck": (-0.04, 0, 1.47), "hip": (-0.07, 0, 0.97),
    "left_big_toe": (0.17, 0.08, 0.02), "left_small_toe": (0.13, 0.16, 0.02), "left_heel": (-0.07, 0.1, 0.03),
    "spine_01": (-0.08, 0, 1.03), "spine_02": (-0.07, 0, 1.1), "spine_03": (-0.08, 0, 1.2),
    "spine_04": (-0.1, 0, 1.31), "spine_05": (-0.08, 0, 1.41), "left_latissimus": (-0.06, 0.13, 1.22),
    "left_clavicle": (0.04, 0.04, 1.43), "neck_02": (-0.01, 0, 1.53), "neck_03": (0, 0, 1.6),
}  # fmt: skip


def walking(frames: int, people: int = 1, seed: int = 0) -> np.ndarray:
    """Return people who walk, swing and bend, (T, N, 37, 3) in metres."""
    skeleton = get_skeleton("spinetrack37")
    rng = np.random.default_rng(seed)
    rest = np.array(
        [
            np.array(_HEIGHTS[name.replace("right_", "left_")])
            * (1, -1 if name.startswith("right_") else 1, 1)
            for name in skeleton.keypoints
        ]
    )
    phase = np.linspace(0, 4 * np.pi * max(frames, 2) / 150, frames)
    body = np.tile(rest, (frames, people, 1, 1))
    for n in range(people):
        swing = np.sin(phase + n)[:, None]
        for index, name in enumerate(skeleton.keypoints):
            side = (
                {"l": 1.0, "r": -1.0}.get(name[0], 0.0) if "_" in name and name[:2] in ("le", "ri") else 0.0
            )
            if any(part in name for part in ("knee", "ankle", "toe", "heel")):
                body[:, n, index, 0] += side * 0.35 * swing[:, 0] * (0.93 - rest[index, 2])
            if "elbow" in name or "wrist" in name:
                body[:, n, index, 0] -= side * 0.5 * swing[:, 0] * (1.42 - rest[index, 2])
        above = np.clip(rest[:, 2] - 0.97, 0, None) * (rest[:, 2] > 0.95)
        bend = 0.45 * (1 - np.cos(phase / 2 + n))[:, None] * above
        trunk = np.array(
            [not any(p in k for p in ("knee", "ankle", "toe", "heel", "_hip")) for k in skeleton.keypoints]
        )
        body[:, n, :, 0] += trunk * bend * 0.8
        body[:, n, :, 2] -= trunk * bend * 0.35
        turn = 0.5 + 1.3 * n + 0.3 * np.sin(phase / 3)
        c, s = np.cos(turn)[:, None], np.sin(turn)[:, None]
        x, y = body[:, n, :, 0].copy(), body[:, n, :, 1].copy()
        body[:, n, :, 0] = c * x - s * y + 0.3 * np.cos(phase / 5)[:, None] + 1.2 * n
        body[:, n, :, 1] = s * x + c * y + 0.2 * np.sin(phase / 4)[:, None]
    return body + rng.normal(0, 0.001, body.shape)


def cameras() -> CameraGroup:
    """Return the four cameras of subject S9."""
    return human36m_cameras("S9")


def scene(frames: int = 40, people: int = 1, **changes: object) -> tuple[xr.Dataset, CameraGroup, np.ndarray]:
    """Return tracks with everything a report can show, the cameras, and the truth (T, N, 37, 3)."""
    rng = np.random.default_rng(1)
    group = cameras()
    truth = walking(frames, people)
    shape = truth.shape[:3]
    seen = group.project(truth) + rng.normal(0, 3.0, (*shape, len(group), 2))
    score = np.clip(rng.normal(0.8, 0.15, (*shape, len(group))), 0.05, 1)
    wild = rng.random(score.shape) < 0.05
    seen += wild[..., None] * rng.normal(0, 60, seen.shape)
    position = truth + rng.normal(0, 0.008, truth.shape)
    lost = rng.random(shape) < 0.02
    lost[frames // 3 : frames // 3 + max(1, frames // 12), :, 9] = frames > 1
    position[lost] = np.nan
    status = np.where(
        lost, rng.choice([Status.NO_CONSENSUS, Status.TOO_FEW_VIEWS, Status.LOW_SCORE], shape), Status.OK
    )
    values = {
        "keypoints": get_skeleton("spinetrack37").keypoints,
        "fps": 50.0,
        "covariance": np.eye(3) * (0.008 * (0.6 + rng.random((*shape, 1, 1)))) ** 2,
        "status": status,
        "inliers": ~wild & ~lost[..., None],
        "residuals": np.linalg.norm(group.project(position) - seen, axis=-1),
        "position_2d": seen,
        "confidence_2d": score,
        "cameras": group.names,
        "skeleton": "spinetrack37",
        "provenance": {"call": "reconstruct", "parameters": {"method": "ransac"}},
    }
    return make_tracks(position, **(values | changes)), group, truth
