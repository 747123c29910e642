"""Detectors' 2D in the forms that people store it in, written without any code of mvtri.

`people` are, by camera, for each frame those seen: each (K, 3) of x, y and score.
"""

import json
from pathlib import Path

import numpy as np
import xarray as xr

COCO = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
]


def save(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def write_openpose(root: Path, subject: str, name: str, people: dict, ending: str = "_json") -> None:
    for camera, frames in people.items():
        for index, seen in enumerate(frames):
            rows = [{"person_id": [-1], "pose_keypoints_2d": person.ravel().tolist()} for person in seen]
            save(
                root / subject / name / f"{camera}{ending}" / f"{camera}_{index:012d}_keypoints.json",
                {"version": 1.3, "people": rows},
            )


def coco_row(person: np.ndarray, **whose) -> dict:
    return whose | {
        "category_id": 1,
        "keypoints": person.ravel().tolist(),
        "score": float(person[:, 2].mean()),
    }


def coco_table(images: list[list[str]], people: dict, names: list[str] | None = None) -> dict:
    """One table of all cameras; `images` by camera and frame; ids in an order that means nothing."""
    table: dict = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "person"}]}
    if names is not None:
        table["categories"][0]["keypoints"] = names
    number = 9000
    for own, frames in zip(images, people.values()):
        for image, seen in zip(own, frames):
            number -= 1
            table["images"].append({"id": number, "file_name": image, "width": 1000, "height": 1002})
            table["annotations"] += [coco_row(person, image_id=number) for person in seen]
    return table


def coco_rows(images: list[list[str]], people: dict, key: str = "image_path") -> list:
    return [
        coco_row(person, **{key: image})
        for own, frames in zip(images, people.values())
        for image, seen in zip(own, frames)
        for person in seen
    ]


def write_coco(root: Path, subject: str, name: str, people: dict, names: list[str] | None = None) -> None:
    """A file a camera, its images listed backwards and numbered without zeros before."""
    for camera, frames in people.items():
        images = [f"img_{index}.jpg" for index in range(len(frames))]
        table = coco_table([images], {camera: frames}, names)
        table["images"].reverse()
        save(root / subject / name / f"{camera}.json", table)


def mmpose_table(frames: list, names: list[str] | None = None, first: int = 1) -> dict:
    about: dict = {"dataset_name": "any", "num_keypoints": 0, "keypoint_colors": {"dtype": "uint8"}}
    if names is not None:
        about["keypoint_id2name"] = {str(index): name for index, name in enumerate(names)}
    rows = [
        {
            "frame_id": index + first,
            "instances": [
                {
                    "keypoints": person[:, :2].tolist(),
                    "keypoint_scores": person[:, 2].tolist(),
                    "bbox": [[*person[:, :2].min(axis=0).tolist(), *person[:, :2].max(axis=0).tolist()]],
                    "bbox_score": 0.9,
                }
                for person in seen
            ],
        }
        for index, seen in enumerate(frames)
    ]
    return {"meta_info": about, "instance_info": rows}


def write_mmpose(root: Path, subject: str, name: str, people: dict, names: list[str] | None = None) -> None:
    for camera, frames in people.items():
        save(root / subject / name / f"{camera}.json", mmpose_table(frames, names))


def write_videopose3d(path: Path, positions: dict, about: dict | None = None) -> None:
    """`positions` by subject and action: a list of (T, K, 2 or 3), one per camera."""
    path.parent.mkdir(parents=True, exist_ok=True)
    more = {} if about is None else {"metadata": about}
    np.savez_compressed(path, positions_2d=positions, **more)


def write_detections(path: Path, position: np.ndarray, confidence: np.ndarray, labels: dict, **more) -> None:
    """`position` (T, N, K, C, 2); `labels`: keypoints, cameras, sizes (C, 2), skeleton."""
    T, N = position.shape[:2]
    axes = ("time", "individuals", "keypoints", "cameras")
    data = {"position": ((*axes, "space"), position), "confidence": (axes, confidence)} | more
    dataset = xr.Dataset(
        data,
        coords={
            "time": np.arange(T) / 25.0,
            "individuals": [f"somebody {n}" for n in range(N)],
            "keypoints": labels["keypoints"],
            "cameras": labels["cameras"],
            "space": ["x", "y"],
            "extent": ["width", "height"],
            "image_size": (("cameras", "extent"), np.array(labels["sizes"])),
        },
    )
    order = (
        "time",
        "modes",
        "space",
        "space_other",
        "edges",
        "keypoints",
        "individuals",
        "cameras",
        "extent",
    )
    dataset = dataset.transpose(*[dim for dim in order if dim in dataset.dims])
    dataset.attrs = {"ds_type": "detections", "skeleton": labels["skeleton"], "source_software": "somebody's"}
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.to_netcdf(path, engine="h5netcdf")
