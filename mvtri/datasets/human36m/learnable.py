"""Human3.6M as learnable-triangulation prepares it: one ``human36m-multiview-labels-*.npy``."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.human36m import make_cameras
from mvtri.cameras import CameraGroup
from mvtri.containers.pickle import load_npy
from mvtri.datasets.dataset import Dataset
from mvtri.datasets.human36m.camera_check import CameraCheck
from mvtri.datasets.human36m.conventions import KEYPOINTS, describe, label_truth
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.errors import InputError, MissingFileError
from mvtri.files import check_one_file
from mvtri.registry import head_of

_ORDER = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("hip", "spine", "thorax", "head", "right_wrist", "right_elbow", "right_shoulder"),
    *("left_shoulder", "left_elbow", "left_wrist", "nose"),
)
_FIELDS = {
    "table": {
        "subject_idx": (),
        "action_idx": (),
        "frame_idx": (),
        "keypoints": (17, 3),
        "bbox_by_camera_tlbr": (4, 4),
    },
    "cameras": {"R": (3, 3), "t": (3, 1), "K": (3, 3), "dist": (5,)},
}
_PATTERN = "human36m-multiview-labels-*.npy"


class LearnableTriangulation(Dataset):
    """3D of 17 joints in mm and person boxes, mostly of every fifth frame; no 2D.  One pickle, read whole."""

    layout = "human36m-learnable"
    family = "human36m"
    camera_check: CameraCheck = "exact"

    @cached_property
    def _labels(self) -> dict[str, Any]:
        path = _file(self.root)
        labels: dict[str, Any] = load_npy(path)
        wanted = ("subject_names", "action_names", "camera_names", *_FIELDS)
        lacking = [key for key in wanted if not isinstance(labels, dict) or key not in labels]
        if lacking:
            raise InputError(
                f"{path} lacks {', '.join(lacking)}; name a file of labels of learnable-triangulation"
            )
        for key in wanted[:3]:
            if not isinstance(labels[key], list | np.ndarray) or not all(
                isinstance(name, str) for name in labels[key]
            ):
                raise InputError(f"{key} of {path} are no list of texts; is it damaged?")
        for key, fields in _FIELDS.items():
            _check_fields(labels[key], fields, f"{key} of {path}")
        if labels["table"].ndim != 1:
            raise InputError(f"table of {path} has the shape {labels['table'].shape}, expected one axis")
        if labels["cameras"].shape != (len(labels["subject_names"]), len(labels["camera_names"])):
            raise InputError(
                f"cameras of {path} has the shape {labels['cameras'].shape}, expected (subjects, cameras) = "
                f"({len(labels['subject_names'])}, {len(labels['camera_names'])})"
            )
        return labels

    @cached_property
    def _rows(self) -> dict[tuple[str, str], np.ndarray]:
        table, labels = self._labels["table"], self._labels
        subjects, actions = table["subject_idx"].astype(int), table["action_idx"].astype(int)
        for indices, names in ((subjects, "subject_names"), (actions, "action_names")):
            if len(table) and (indices.min() < 0 or indices.max() >= len(labels[names])):
                raise InputError(
                    f"the table of {self.root} has indices beyond its {len(labels[names])} {names}; is it "
                    "damaged?"
                )
        keys = subjects * len(labels["action_names"]) + actions
        order = np.argsort(keys, kind="stable")
        found, starts = np.unique(keys[order], return_index=True)
        rows = {}
        for key, chunk in zip(found.tolist(), np.split(order, starts[1:])):
            subject, action = divmod(key, len(labels["action_names"]))
            frames = table["frame_idx"][chunk]
            rows[labels["subject_names"][subject], labels["action_names"][action]] = chunk[np.argsort(frames)]
        return rows

    def list_sequences(self) -> Iterator[SequenceInfo]:
        """Yield the recordings of the table."""
        for (subject, name), rows in self._rows.items():
            yield describe(subject, name, len(rows))

    def read(self, info: SequenceInfo) -> Sequence:
        """Cut a recording out of the table."""
        table = self._labels["table"][self._rows[info.subject, info.name]]
        frames = table["frame_idx"].astype(np.int64)
        if (np.diff(frames) <= 0).any():
            raise InputError(f"{self.root}: {info} has a frame twice in its table; make the labels again")
        columns = [_ORDER.index(name) for name in KEYPOINTS]
        position = table["keypoints"].astype(np.float64)[:, columns] / 1000.0
        edges = table["bbox_by_camera_tlbr"].astype(np.float64)[..., [1, 0, 3, 2]]
        absent = (edges == 0).all(axis=-1)
        edges[absent] = np.nan
        names = self._labels["camera_names"]
        images = np.array(
            [
                [
                    f"{info.subject}/{info.name}/imageSequence/{camera}/img_{frame + 1:06d}.jpg"
                    for camera in names
                ]
                for frame in frames.tolist()
            ]
        )
        images[absent] = ""
        return Sequence(
            info,
            label_truth(position, "learnable-triangulation", frames),
            self._cameras(info.subject),
            boxes=edges,
            images=images,
        )

    def _cameras(self, subject: str) -> CameraGroup:
        labels = self._labels
        rows = {}
        stored = labels["cameras"][list(labels["subject_names"]).index(subject)]
        for name, camera in zip(labels["camera_names"], stored):
            rotation, matrix, lens = (camera[key].astype(np.float64) for key in ("R", "K", "dist"))
            rows[str(name)] = {
                "R": rotation,
                "T": -rotation.T @ camera["t"].astype(np.float64).reshape(3) / 1000.0,
                "f": matrix[[0, 1], [0, 1]],
                "c": matrix[:2, 2],
                "k": lens[[0, 1, 4]],
                "p": lens[2:4],
            }
        return make_cameras(rows)


def _check_fields(array: Any, fields: dict[str, tuple[int, ...]], where: str) -> None:
    dtype = getattr(array, "dtype", None)
    wrong = []
    for name, shape in fields.items():
        if dtype is None or dtype.names is None or name not in dtype.names:
            wrong.append(f"{name} is missing")
        elif dtype[name].shape != shape:
            wrong.append(f"{name} has the shape {dtype[name].shape}, expected {shape}")
        elif dtype[name].base.kind not in "fiu":
            wrong.append(f"{name} is {dtype[name].base}, expected numbers")
    if wrong:
        raise InputError(f"{where} cannot be used: {'; '.join(wrong)}")


def _candidates(root: Path) -> list[Path]:
    if root.is_file():
        return [root] if root.suffix == ".npy" else []
    return sorted([*root.glob(_PATTERN), *root.glob(f"extra/{_PATTERN}")])


def _file(root: Path) -> Path:
    found = _candidates(root)
    if not found:
        raise MissingFileError(f"there is no {_PATTERN} in {root}; check the path")
    check_one_file(found, root, "files of labels")
    return found[0]


def _sniff(root: Path) -> bool:
    found = _candidates(root)
    if not found:
        return False
    head = head_of(found[0], 4096)
    return head.startswith(b"\x93NUMPY") and b"subject_names" in head


FORMAT = DatasetFormat(
    name="human36m-learnable",
    family="human36m",
    description=f"{_PATTERN} of learnable-triangulation",
    sniff=_sniff,
    read=LearnableTriangulation,
)
