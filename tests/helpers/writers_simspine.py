"""SIMSPINE's three forms, written without any code of mvtri; the 2D by OpenCV itself."""

import tomllib
from importlib import resources
from pathlib import Path

import cv2
import h5py
import numpy as np

_ALL = """
Hip Spine_01 Spine_02 Spine_03 Spine_04 Spine_05 Neck Neck_02 Neck_03 Head Nose REye LEye REar LEar
RLatissimus LLatissimus RClavicle RShoulder RElbow RWrist LClavicle LShoulder LElbow LWrist
RHip RKnee RAnkle RBigToe RSmallToe RHeel LHip LKnee LAnkle LBigToe LSmallToe LHeel
"""
_SPINE = """
Hip Spine_01 Spine_02 Spine_03 Spine_04 Spine_05 Neck Neck_02 Neck_03 Head Nose
LClavicle RClavicle LLatissimus RLatissimus
"""
MARKERS = _ALL.split()
SPINE = _SPINE.split()
AXES = [f"axis_{index:02d}" for index in range(62)]
FPS = 50


def calibration(subject: str, dtype: type = np.float32) -> dict:
    """What ``Sx/calibration`` holds: Human3.6M's cameras, metres, Xc = R X + t."""
    table = tomllib.loads((resources.files("mvtri.calib") / "data" / "human36m.toml").read_text("utf-8"))
    names = list(table["cameras"])
    inner, outer = [table["cameras"][n] for n in names], [table["subjects"][subject][n] for n in names]
    return {
        "names": names,
        "K": np.array([np.reshape(row["matrix"], (3, 3)) for row in inner]).astype(dtype),
        "dist": np.array([row["distortion"] for row in inner]).astype(dtype),
        "R": np.array([np.reshape(row["rotation"], (3, 3)) for row in outer]).astype(dtype),
        "t": (np.array([row["translation"] for row in outer]) / 1000).astype(dtype),
        "size": np.array([row["size"] for row in inner], dtype=np.int32),
    }


def people(frames: int, count: int, seed: int) -> np.ndarray:
    """World coordinates (T, K, 3) in metres, z up."""
    rng = np.random.default_rng(seed)
    root = np.array([0.0, 0.0, 0.95]) + rng.normal(0, [0.5, 0.5, 0.04], 3)
    path = root + np.cumsum(rng.normal(0, 0.008, (frames, 3)), axis=0)
    body = rng.uniform([-0.35, -0.35, -0.9], [0.35, 0.35, 0.8], (count, 3))
    return path[:, None] + body + np.cumsum(rng.normal(0, 0.005, (frames, count, 3)), axis=0)


def stored_axes(world: np.ndarray) -> np.ndarray:
    """OpenSim's axes: y up; stored (y, z, x) of the world."""
    return np.stack([world[..., 1], world[..., 2], world[..., 0]], axis=-1)


def angles(frames: int) -> np.ndarray:
    return np.arange(frames)[:, None] + np.arange(62)[None] / 100


def project(cameras: dict, index: int, world: np.ndarray) -> np.ndarray:
    turn, _ = cv2.Rodrigues(cameras["R"][index].astype(np.float64))
    pixels, _ = cv2.projectPoints(
        np.ascontiguousarray(world.reshape(-1, 3)),
        turn,
        cameras["t"][index].astype(np.float64),
        cameras["K"][index].astype(np.float64),
        cameras["dist"][index].astype(np.float64),
    )
    return pixels.reshape(*world.shape[:-1], 2).astype(np.float32)


def write_h5(
    path: Path, poses: dict[tuple[str, str], np.ndarray], markers: list[str], cameras: dict | None = None
) -> None:
    """`poses` by subject and name: (T, K, 3) in the world, m; `cameras` by subject replace the real ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        about = file.create_group("metadata")
        about["markers_names"] = np.array(markers, dtype="S")
        about["kinematic_axes"] = np.array(AXES, dtype="S")
        for (subject, name), world in poses.items():
            group = file.require_group(subject)
            if "calibration" not in group:
                group.attrs["model_file"] = f"models/{subject}.osim"
                inside = group.create_group("calibration")
                for key, value in ((cameras or {}).get(subject) or calibration(subject)).items():
                    stored = np.array(value, dtype="S") if key == "names" else value
                    inside.create_dataset(key, data=stored, compression="gzip")
            action = group.create_group(name)
            action.create_dataset("markers", data=stored_axes(world), compression="gzip")
            action.create_dataset("kinematics", data=angles(len(world)), compression="gzip")
            action["timestamps"] = np.arange(len(world)) / FPS


def write_trc(path: Path, world: np.ndarray, markers: list[str], unit: str = "mm") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    count = len(markers)
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"50.0\t50.0\t{len(world)}\t{count}\t{unit}\t50.0\t1\t{len(world)}",
        "Frame#\tTime\t" + "\t".join(f"{marker}\t\t" for marker in markers),
        "\t\t" + "\t".join(f"X{i}\tY{i}\tZ{i}" for i in range(1, count + 1)),
    ]
    for index, row in enumerate(stored_axes(world).reshape(len(world), -1)):
        lines.append("\t".join([f"{index + 1}", f"{index / FPS:.6f}", *(f"{value:.6f}" for value in row)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_mot(path: Path, values: np.ndarray, axes: list[str] = AXES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        "Coordinates",
        "version=1",
        f"nRows={len(values)}",
        f"nColumns={len(axes) + 1}",
        "inDegrees=yes",
        "",
    ]
    lines += ["Units are S.I. units (second, meters, Newtons, ...)", "endheader", "\t".join(["time", *axes])]
    lines += [
        "\t".join([f"{i / FPS:.8f}", *(f"{value:.8f}" for value in row)]) for i, row in enumerate(values)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_calibration(path: Path, cameras: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for index, name in enumerate(cameras["names"]):
        turn, _ = cv2.Rodrigues(cameras["R"][index].astype(np.float64))
        lines += [
            f"[{name}]",
            f'name = "{name}"',
            f"size = {cameras['size'][index].astype(float).tolist()}",
            f"matrix = {cameras['K'][index].tolist()}",
            f"distortions = {cameras['dist'][index].tolist()}",
            f"rotation = {turn.reshape(-1).tolist()}",
            f"translation = {cameras['t'][index].tolist()}",
            "fisheye = false",
            "",
        ]
    lines += ["[metadata]", "adjusted = false", "error = 0.0", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def write_folder(root: Path, poses: dict[tuple[str, str], np.ndarray], markers: list[str] = MARKERS) -> None:
    for (subject, name), world in poses.items():
        stem = f"{subject}_{name}"
        write_calibration(root / "cameras" / f"Calib_{subject}.toml", calibration(subject, np.float64))
        write_trc(root / "positions" / subject / f"{stem}.trc", world, markers)
        write_mot(root / "kinematics" / subject / stem / f"{stem}.mot", angles(len(world)))


def annotation_rows(
    poses: dict[tuple[str, str], np.ndarray], markers: list[str], cameras: dict | None = None
) -> dict:
    """The arrays of ``simspine_test.npz``; the camera-space 3D with its published slip, R (X - t)."""
    rows: dict = {key: [] for key in ("imgname", "center", "scale", "part", "S", "S_world", "angles")}
    for (subject, name), world in poses.items():
        rig = (cameras or {}).get(subject) or calibration(subject)
        for index, camera in enumerate(rig["names"]):
            stem = f"{subject}_{name}.{camera}"
            pixels = project(rig, index, world)
            seen = ((pixels >= 0) & (pixels < 1000)).all(axis=-1, keepdims=True).astype(np.float32)
            low, high = pixels.min(axis=1), pixels.max(axis=1)
            rows["imgname"] += [f"{subject}/{stem}/{stem}_{i:06d}.jpg" for i in range(len(world))]
            rows["center"].append((low + high) / 2)
            rows["scale"].append(1.2 * (high - low).max(axis=1) / 200)
            rows["part"].append(np.concatenate([pixels, seen], axis=-1))
            rows["S"].append(np.concatenate([(world - rig["t"][index]) @ rig["R"][index].T, seen], axis=-1))
            rows["S_world"].append(np.concatenate([world, seen], axis=-1))
            rows["angles"].append(angles(len(world)))
    arrays = {
        key: np.array(value) if key == "imgname" else np.concatenate(value).astype(np.float64)
        for key, value in rows.items()
    }
    about = {
        "root_name": "Hip",
        "root_index": markers.index("Hip"),
        "joint_names": np.array(markers),
        "param_names": np.array(AXES),
        "parent_ids": np.zeros(len(markers), dtype=int),
    }
    return {"metadata": about, **arrays}


def write_annotations(root: Path, rows: dict, split: str = "test") -> None:
    home = root / "annotations"
    home.mkdir(parents=True, exist_ok=True)
    np.savez(home / f"simspine_{split}.npz", **rows)
