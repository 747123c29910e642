"""Real recordings with their cameras: from MVTRI_DATA, else ../shared/data beside the checkout."""

import dataclasses
import json
import os
import tomllib
from pathlib import Path

import cv2
import numpy as np

from mvtri import CameraGroup
from mvtri.calib import read_cameras

MIN_SCORE = 0.3


def data_folder() -> Path:
    """Return the folder of real recordings, or stop with a sentence."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MVTRI_DATA", beside))
    if not folder.is_dir():
        raise SystemExit(f"no real recordings at {folder}; set MVTRI_DATA to their folder")
    return folder


@dataclasses.dataclass(frozen=True)
class Board:
    """A board that a rig saw: corners (n, C, 2) px, their frames (n,) and their places on it (n, 3) m."""

    name: str
    cams: CameraGroup
    pixels: np.ndarray
    frames: np.ndarray
    places: np.ndarray


def boards() -> list[Board]:
    """Return all boards with Caliscope's ``camera_array.toml`` and ``xy.csv`` in ``boards``."""
    folders = sorted(path.parent for path in (data_folder() / "boards").glob("*/xy.csv"))
    return [read_board(folder) for folder in folders]


def read_board(folder: Path) -> Board:
    """Return the corners that two cameras or more saw."""
    cams, identities = caliscope_cameras(folder / "camera_array.toml")
    rows = np.genfromtxt(folder / "xy.csv", delimiter=",", names=True)
    older = "port" in rows.dtype.names  # the names of columns in older files
    camera, corner, prefix = (
        ("port", "point_id", "board_loc") if older else ("cam_id", "keypoint_id", "obj_loc")
    )
    index = {identity: i for i, identity in enumerate(identities)}
    found: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
    for row in rows:
        if int(row[camera]) not in index:
            continue
        key = (int(row["sync_index"]), int(row[corner]))
        place = np.array([row[f"{prefix}_x"], row[f"{prefix}_y"], 0.0])
        pixels = found.setdefault(key, (np.full((len(cams), 2), np.nan), place))[0]
        pixels[index[int(row[camera])]] = row["img_loc_x"], row["img_loc_y"]
    keys = [key for key in sorted(found) if np.isfinite(found[key][0][:, 0]).sum() >= 2]
    return Board(
        folder.name,
        cams,
        np.stack([found[key][0] for key in keys]),
        np.array([key[0] for key in keys]),
        np.stack([found[key][1] for key in keys]),
    )


def caliscope_cameras(path: Path) -> tuple[CameraGroup, list[int]]:
    """Return the cameras that have a pose, and their numbers."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["cameras"]
    posed = {n: t for n, t in tables.items() if not t.get("ignore") and t.get("translation") is not None}
    used = list(posed.values())
    rotations = [np.asarray(table["rotation"], dtype=float) for table in used]
    group = CameraGroup(
        names=[f"cam_{number}" for number in posed],
        image_sizes=[table["size"] for table in used],
        matrices=[table["matrix"] for table in used],
        distortions=[table["distortions"] for table in used],
        rotations=[r if r.shape == (3, 3) else cv2.Rodrigues(r)[0] for r in rotations],
        translations=[table["translation"] for table in used],
    )
    return group, [int(number) for number in posed]


def people_cameras() -> CameraGroup:
    """Return the cameras of the recordings of people."""
    return read_cameras(data_folder() / "pose2sim" / "calibration" / "Calib.qca.txt")


def associated_person(recording: str, person: int) -> np.ndarray:
    """Return pixels (T, K, C, 2) of a person of ``pose-associated``; NaN below a score of 0.3."""
    folders = sorted((data_folder() / "pose2sim" / recording / "pose-associated").glob("cam*_json"))
    views = []
    for folder in folders:
        frames = [_keypoints(path, person) for path in sorted(folder.glob("*.json"))]
        views.append(np.stack(frames))
    return np.stack(views, axis=2)


def _keypoints(path: Path, person: int) -> np.ndarray:
    people = json.loads(path.read_text(encoding="utf-8"))["people"]
    flat = people[person].get("pose_keypoints_2d") if person < len(people) else None
    table = np.array(flat, dtype=float).reshape(-1, 3) if flat else np.zeros((25, 3))
    if len(table) < 25:
        table = np.concatenate([table, np.zeros((25 - len(table), 3))])
    return np.where(table[:, 2:] > MIN_SCORE, table[:, :2], np.nan)


def plain_dlt(pixels: np.ndarray, cams: CameraGroup) -> np.ndarray:
    """Return points (..., 3) of the linear transform of all views, in NumPy: what a script would do.

    Pixels are undistorted; each view counts the same; NaN with fewer than two views.
    """
    flat = pixels.reshape(-1, len(cams), 2)
    rows = np.zeros((len(flat), len(cams), 2, 4))
    for c in range(len(cams)):
        K, R, t = cams.matrices[c], cams.rotations[c], cams.translations[c]
        seen = np.isfinite(flat[:, c]).all(axis=-1)
        if not seen.any():
            continue
        ideal = cv2.undistortPoints(flat[seen, c][:, None], K, cams.distortions[c])[:, 0]
        P = np.c_[R, t]
        rows[seen, c] = ideal[:, :, None] * P[2] - P[:2]
    _, _, vt = np.linalg.svd(rows.reshape(len(flat), -1, 4))
    points = vt[:, -1, :3] / vt[:, -1, 3:]
    few = np.isfinite(flat[..., 0]).sum(axis=1) < 2
    points[few] = np.nan
    return points.reshape(*pixels.shape[:-2], 3)
