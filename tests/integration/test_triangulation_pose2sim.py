"""Agreement with the result that Pose2Sim ships for its own recording (``single_person/pose-3d``)."""

import json

import naive_triangulation as naive
import numpy as np
import pytest

from mvtri import read_cameras
from mvtri.benchmark.methods.peers import exclude_by_mean_error
from mvtri.triangulation import triangulate

pytestmark = pytest.mark.realdata

BODY_25B = [
    "Nose",
    "LEye",
    "REye",
    "LEar",
    "REar",
    "LShoulder",
    "RShoulder",
    "LElbow",
    "RElbow",
    "LWrist",
    "RWrist",
    "LHip",
    "RHip",
    "LKnee",
    "RKnee",
    "LAnkle",
    "RAnkle",
    "Neck",
    "Head",
    "LBigToe",
    "LSmallToe",
    "LHeel",
    "RBigToe",
    "RSmallToe",
    "RHeel",
]
FRAMES = 100


def read_view(folder):
    """Return one camera's pixels and scores, (T, 25, 3)."""
    found = np.full((FRAMES, len(BODY_25B), 3), np.nan)
    for path in folder.glob("*.json"):
        people = json.loads(path.read_text())["people"]
        if people and people[0].get("pose_keypoints_2d"):
            found[int(path.stem.split(".")[-1])] = np.reshape(people[0]["pose_keypoints_2d"], (-1, 3))
    return found


def read_markers(path):
    """Return marker names and places (T, K, 3); the file stores the axes as y, z, x."""
    lines = path.read_text().splitlines()
    names = [name for name in lines[3].split("\t")[2:] if name.strip()]
    values = [line.split("\t")[2 : 2 + 3 * len(names)] for line in lines[5:] if line.strip()]
    return names, np.array(values, dtype=float).reshape(-1, len(names), 3)[..., [2, 0, 1]]


@pytest.fixture(scope="module")
def session(shared_data):
    root = shared_data / "pose2sim"
    cams = read_cameras(root / "calibration" / "Calib_qualisys.toml")
    folders = [root / "single_person" / "pose-associated" / f"cam0{i}_json" for i in range(1, 5)]
    detections = np.stack([read_view(folder) for folder in folders], axis=2)
    (trc,) = (root / "single_person" / "pose-3d").glob("*.trc")
    names, places = read_markers(trc)
    detections = detections[:, [BODY_25B.index(name) for name in names]]
    return cams, detections[..., :2], detections[..., 2], places


def test_the_method_written_afresh_agrees_with_pose2sim_and_the_linear_transform_with_both(session):
    cams, pixels, scores, places = session
    matrices = naive.pinhole(cams)
    used = np.zeros(scores.shape, dtype=bool)
    peer = np.full(places.shape, np.nan)
    for index in np.ndindex(*scores.shape[:2]):
        able = np.flatnonzero(np.isfinite(pixels[index]).all(axis=1) & (scores[index] >= 0.3))
        peer[index], views = exclude_by_mean_error(pixels[index], scores[index], matrices, able.tolist())
        used[(*index, views)] = True
    away = np.linalg.norm(peer - places, axis=-1)
    assert (away < 1e-4).mean() >= 0.99  # the others are gaps that it filled

    ours = triangulate(
        np.where(used[..., None], pixels, np.nan),
        cams,
        np.where(used, scores, 0.0),
        method="dlt",
        undistort=False,
    )
    apart = np.linalg.norm(ours.points - peer, axis=-1)
    assert np.isfinite(apart).mean() > 0.99
    assert np.nanmedian(apart) < 5e-4
