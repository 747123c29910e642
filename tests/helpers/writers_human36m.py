"""Files of Human3.6M in the layouts that people have, written without any code of mvtri.

The formulas are written out a second time here, and the cameras come from the table in the box, number by
number.
"""

import pickle
import tomllib
from importlib import resources
from pathlib import Path

import cdflib
import cdflib.cdfwrite
import h5py
import numpy as np
from scipy.spatial.transform import Rotation

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
SEVENTEEN = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
LEARNABLE = (3, 2, 1, 6, 7, 8, 0, 12, 13, 15, 27, 26, 25, 17, 18, 19, 14)


def rig(subject: str) -> list[dict]:
    """R, T (centre, mm), t (mm), f, c, k, p of the four cameras."""
    table = tomllib.loads((resources.files("mvtri.calib") / "data" / "human36m.toml").read_text("utf-8"))
    found = []
    for name in CAMERAS:
        inner, outer = table["cameras"][name], table["subjects"][subject][name]
        K, d = np.reshape(inner["matrix"], (3, 3)), inner["distortion"]
        R, t = np.reshape(outer["rotation"], (3, 3)), np.array(outer["translation"])
        u, _, v = np.linalg.svd(R)
        R = u @ v
        found.append(
            {
                "name": name,
                "R": R,
                "t": t,
                "T": -R.T @ t,
                "f": K[[0, 1], [0, 1]],
                "c": K[:2, 2],
                "k": np.array([d[0], d[1], d[4]]),
                "p": np.array(d[2:4]),
            }
        )
    return found


def project(camera: dict, points: np.ndarray, formula: str) -> np.ndarray:
    """Pixels of points (..., 3) in mm: "human36m", "videopose3d" or "opencv"."""
    X = (points - camera["T"]) @ camera["R"].T
    x, y = X[..., 0] / X[..., 2], X[..., 1] / X[..., 2]
    r2 = x * x + y * y
    k1, k2, k3 = camera["k"]
    p1, p2 = camera["p"]
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    if formula == "opencv":
        xd = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        yd = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    else:
        if formula == "videopose3d":
            p1, p2 = p2, p1
        tangential = p1 * y + p2 * x
        xd = x * (radial + tangential) + p2 * r2
        yd = y * (radial + tangential) + p1 * r2
    return np.stack([xd, yd], axis=-1) * camera["f"] + camera["c"]


def people(frames: int, joints: int, seed: int) -> np.ndarray:
    """Somebody walking about the room, mm: (frames, joints, 3)."""
    rng = np.random.default_rng(seed)
    root = np.array([0.0, 0.0, 900.0]) + rng.normal(0, [500, 500, 40], 3)
    path = root + np.cumsum(rng.normal(0, 8, (frames, 3)), axis=0)
    body = rng.uniform([-350, -350, -880], [350, 350, 800], (joints, 3))
    sway = np.cumsum(rng.normal(0, 5, (frames, joints, 3)), axis=0)
    return path[:, None] + body + sway


# --- raw ---------------------------------------------------------------------------------------------------


def write_cdf(path: Path, values: np.ndarray, name: str = "Pose") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = cdflib.cdfwrite.CDF(path, cdf_spec={"Majority": "row_major"}, delete=True)
    about = {
        "Variable": name,
        "Data_Type": 44,  # CDF_FLOAT
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Dim_Sizes": list(values.shape[1:]),
        "Var_Type": "zVariable",
    }
    file.write_var(about, var_data=values.astype(np.float32))
    file.close()


def write_metadata_xml(path: Path, rigs: dict[str, list[dict]], before: str = "") -> None:
    """`rigs` by subject; those of other subjects are zeros."""
    numbers = np.zeros(300)
    for subject, cameras in rigs.items():
        for index, camera in enumerate(cameras):
            x, y, z = Rotation.from_matrix(camera["R"]).as_euler("XYZ")
            start = 6 * (index * 11 + int(subject[1:]) - 1)
            numbers[start : start + 6] = [x, y, z, *camera["T"]]
            inner = [*camera["f"], *camera["c"], *camera["k"], *camera["p"]]
            numbers[264 + 9 * index : 273 + 9 * index] = inner
    names = "".join(f"<index{i + 1}>{name}</index{i + 1}>" for i, name in enumerate(CAMERAS))
    text = " ".join(repr(float(number)) for number in numbers)
    path.write_text(
        f'<?xml version="1.0"?>\n{before}<metadata><dbcameras><index2id>{names}</index2id></dbcameras>'
        f"<w0>[{text}]</w0></metadata>\n",
        encoding="utf-8",
    )


def write_raw(root: Path, poses: dict[tuple[str, str], np.ndarray], formula: str = "human36m") -> None:
    """`poses` by subject and name: (T, 32, 3), mm."""
    root.mkdir(parents=True, exist_ok=True)
    write_metadata_xml(root / "metadata.xml", {subject: rig(subject) for subject, _ in poses})
    for (subject, name), pose in poses.items():
        home = root / subject / "MyPoseFeatures"
        write_cdf(home / "D3_Positions" / f"{name}.cdf", pose.reshape(1, len(pose), 96))
        for camera in rig(subject):
            pixels = project(camera, pose, formula).reshape(1, len(pose), 64)
            write_cdf(home / "D2_Positions" / f"{name}.{camera['name']}.cdf", pixels)


# --- VideoPose3D -------------------------------------------------------------------------------------------


def write_videopose3d(
    root: Path, poses: dict[tuple[str, str], np.ndarray], formula: str = "videopose3d"
) -> None:
    root.mkdir(parents=True, exist_ok=True)
    positions: dict = {}
    pixels: dict = {}
    for (subject, name), pose in poses.items():
        positions.setdefault(subject, {})[name] = (pose / 1000).astype(np.float32)
        views = [project(camera, pose[:, SEVENTEEN], formula) for camera in rig(subject)]
        pixels.setdefault(subject, {})[name] = [view.astype(np.float32) for view in views]
    about = {
        "num_joints": 17,
        "keypoints_symmetry": [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]],
    }
    np.savez_compressed(root / "data_3d_h36m.npz", positions_3d=positions)
    np.savez_compressed(root / "data_2d_h36m_gt.npz", positions_2d=pixels, metadata=about)


# --- Martinez ----------------------------------------------------------------------------------------------


def write_martinez_cameras(path: Path, rigs: dict[str, list[dict]]) -> None:
    with h5py.File(path, "w") as file:
        for subject, cameras in rigs.items():
            for index, camera in enumerate(cameras, start=1):
                group = file.create_group(f"subject{subject[1:]}/camera{index}")
                group["R"] = camera["R"].T
                for key in "Tfckp":
                    group[key] = camera[key].reshape(-1, 1)
                group["Name"] = np.array([[ord(letter)] for letter in camera["name"]], dtype=np.uint16)


def write_martinez(root: Path, poses: dict[tuple[str, str], np.ndarray]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    write_martinez_cameras(root / "cameras.h5", {subject: rig(subject) for subject, _ in poses})
    for (subject, name), pose in poses.items():
        path = root / subject / "MyPoses" / "3D_positions" / f"{name}.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file["3D_positions"] = pose.reshape(len(pose), 96).T


# --- learnable-triangulation -------------------------------------------------------------------------------


def learnable_labels(poses: dict[tuple[str, str], np.ndarray], step: int = 5) -> dict:
    subjects = list(dict.fromkeys(subject for subject, _ in poses))
    actions = sorted({name for _, name in poses})
    cameras = np.empty(
        (len(subjects), 4),
        dtype=[
            ("R", np.float32, (3, 3)),
            ("t", np.float32, (3, 1)),
            ("K", np.float32, (3, 3)),
            ("dist", np.float32, 5),
        ],
    )
    for row, subject in zip(cameras, subjects):
        for cell, camera in zip(row, rig(subject)):
            cell["R"] = camera["R"]
            cell["t"] = camera["t"].reshape(3, 1)
            cell["K"] = np.diag([*camera["f"], 1.0])
            cell["K"][:2, 2] = camera["c"]
            cell["dist"] = [*camera["k"][:2], *camera["p"], camera["k"][2]]
    table_type = np.dtype(
        [
            ("subject_idx", np.int8),
            ("action_idx", np.int8),
            ("frame_idx", np.int16),
            ("keypoints", np.float32, (17, 3)),
            ("bbox_by_camera_tlbr", np.int16, (4, 4)),
        ]
    )
    tables = []
    for (subject, name), pose in poses.items():
        table = np.empty(len(pose), dtype=table_type)
        table["subject_idx"] = subjects.index(subject)
        table["action_idx"] = actions.index(name)
        table["frame_idx"] = np.arange(len(pose)) * step
        table["keypoints"] = pose[:, LEARNABLE]
        table["bbox_by_camera_tlbr"] = [
            [10, 20, 310, 320],
            [0, 0, 0, 0],
            [11, 21, 311, 321],
            [12, 22, 312, 322],
        ]
        tables.append(table)
    return {
        "subject_names": subjects,
        "camera_names": list(CAMERAS),
        "action_names": actions,
        "cameras": cameras,
        "table": np.concatenate(tables),
    }


def write_learnable(root: Path, labels: dict) -> None:
    root.mkdir(parents=True, exist_ok=True)
    np.save(root / "human36m-multiview-labels-GTbboxes.npy", labels)


# --- MMPose ------------------------------------------------------------------------------------------------


def mmpose_cameras(subjects: list[str]) -> dict:
    found = {}
    for subject in subjects:
        for index, camera in enumerate(rig(subject)):
            found[subject, camera["name"]] = {
                "R": camera["R"].T,
                "T": camera["T"].reshape(3, 1) / 1000,
                **{key: camera[key].reshape(-1, 1) for key in "cfkp"},
                "w": 1000,
                "h": 1002 if index in (0, 3) else 1000,
                "name": f"camera{index + 1}",
                "id": camera["name"],
            }
    return found


def mmpose_rows(
    poses: dict[tuple[str, str], np.ndarray], step: int = 5, first: int = 1, formula: str = "human36m"
) -> dict:
    rows: dict = {key: [] for key in ("imgname", "center", "scale", "part", "S")}
    for (subject, name), pose in poses.items():
        for camera in rig(subject):
            stem = f"{subject}_{name.replace(' ', '_')}.{camera['name']}"
            joints = pose[:, SEVENTEEN]
            pixels = project(camera, joints, formula)
            low, high = pixels.min(axis=1), pixels.max(axis=1)
            rows["imgname"] += [
                f"{subject}/{stem}/{stem}_{i * step + first:06d}.jpg" for i in range(len(pose))
            ]
            rows["center"].append((low + high) / 2)
            rows["scale"].append(1.2 * (high - low).max(axis=1) / 200)
            rows["part"].append(np.concatenate([pixels, np.ones((*pixels.shape[:2], 1))], axis=-1))
            local = (joints - camera["T"]) @ camera["R"].T / 1000
            rows["S"].append(np.concatenate([local, np.ones((*local.shape[:2], 1))], axis=-1))
    return {
        key: np.array(value) if key == "imgname" else np.concatenate(value) for key, value in rows.items()
    }


def write_mmpose(root: Path, rows: dict, cameras: dict, split: str = "test") -> None:
    home = root / "annotation_body3d" / "fps10"
    home.mkdir(parents=True, exist_ok=True)
    np.savez(home / f"h36m_{split}.npz", **rows)
    with open(root / "annotation_body3d" / "cameras.pkl", "wb") as file:
        pickle.dump(cameras, file)
