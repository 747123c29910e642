"""Human3.6M as MMPose prepares it: ``h36m_train.npz``, ``h36m_test.npz`` and ``cameras.pkl``."""

from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mvtri.calib.human36m import CAMERAS, make_cameras
from mvtri.cameras import CameraGroup
from mvtri.containers.npz import is_npz_with
from mvtri.containers.pickle import load_pickle
from mvtri.datasets.dataset import label_pixels
from mvtri.datasets.human36m.camera_check import CameraCheck
from mvtri.datasets.human36m.conventions import check_camera_row, label_truth
from mvtri.datasets.image_annotations import AnnotatedDataset, merge_views
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.errors import InputError, MissingFileError

_FOLDERS = ("annotation_body3d", "fps*", "annotation_body3d/fps*")


class MMPose(AnnotatedDataset):
    """One row per image: 3D of 17 joints in metres in camera coordinates, 2D by Human3.6M's own formula.

    At 50 Hz, or every fifth frame.
    """

    layout = "human36m-mmpose"
    family = "human36m"
    camera_check: CameraCheck = "exact"

    shapes: ClassVar = {"center": (2,), "scale": (), "part": (17, 3), "S": (17, 4)}

    def find_files(self) -> list[Path]:
        """Return the files, of one frame rate."""
        return _paths(self.root)

    @cached_property
    def _camera_file(self) -> Path:
        home = _paths(self.root)[0].parent
        for folder in (home, home.parent):
            if (folder / "cameras.pkl").is_file():
                return folder / "cameras.pkl"
        raise MissingFileError(
            f"there is no cameras.pkl in {home} or above it; put it beside the annotations"
        )

    @cached_property
    def _stored(self) -> dict[tuple[str, str], Any]:
        stored = load_pickle(self._camera_file)
        if not isinstance(stored, dict) or not all(isinstance(row, dict) for row in stored.values()):
            raise InputError(f"{self._camera_file} is no table of cameras; copy MMPose's cameras.pkl there")
        return stored

    def read(self, info: SequenceInfo) -> Sequence:
        """Read the rows of a recording, and turn its 3D back into the world."""
        rows, _, where = self.rows_of(info)
        cameras = self._cameras(info.subject, rows.cameras, where)
        if rows.numbers[0] < 1:
            raise InputError(
                f"{where} has an image numbered {rows.numbers[0]}, but MMPose counts from 1; "
                "use the annotations of MMPose"
            )
        stored = rows.values("S", cameras.names)[..., :3] - cameras.translations[:, None]
        position = merge_views(np.einsum("cji,tckj->tcki", cameras.rotations, stored), where)
        truth = label_truth(position, "MMPose", rows.numbers - 1)
        pixels = rows.values("part", cameras.names).swapaxes(1, 2)[:, None]
        return Sequence(
            info,
            truth,
            cameras,
            label_pixels(truth, cameras, pixels[..., :2], pixels[..., 2]),
            is_oracle=True,
            boxes=rows.boxes(cameras.names),
            images=rows.images(cameras.names),
        )

    def _cameras(self, subject: str, names: tuple[str, ...], where: str) -> CameraGroup:
        unknown = sorted(set(names) - set(CAMERAS))
        if unknown:
            raise InputError(f"{where} has images of the camera {unknown[0]}, expected {', '.join(CAMERAS)}")
        rows = {}
        for name in CAMERAS:
            if (subject, name) not in self._stored:
                raise InputError(
                    f"{self._camera_file} lacks the camera {name} of {subject}; copy MMPose's "
                    "cameras.pkl there"
                )
            row = self._stored[subject, name]
            check_camera_row(row, f"the camera {name} of {subject} in {self._camera_file}")
            rows[name] = row | {"R": np.reshape(row["R"], (3, 3)).T}  # theirs turns from camera to world
        return make_cameras(rows).subset([name for name in CAMERAS if name in names])


def _paths(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    homes = [folder for folder in _folders(root) if any(map(_is_annotation, folder.glob("*.npz")))]
    if not homes:
        raise MissingFileError(f"there is no h36m_train.npz or h36m_test.npz in {root}; check the path")
    if len(homes) > 1:
        raise InputError(
            f"{root} holds annotations at several frame rates ({', '.join(map(str, homes))}); name one folder"
        )
    return [path for path in sorted(homes[0].glob("*.npz")) if _is_annotation(path)]


def _folders(root: Path) -> list[Path]:
    return [root, *(folder for pattern in _FOLDERS for folder in sorted(root.glob(pattern)))]


def _is_annotation(path: Path) -> bool:
    return is_npz_with(path, ("imgname", "part", "S"), unwanted=("S_world",))


def _sniff(root: Path) -> bool:
    if root.is_file():
        return _is_annotation(root)
    return any(_is_annotation(path) for folder in _folders(root) for path in folder.glob("*.npz"))


FORMAT = DatasetFormat(
    name="human36m-mmpose",
    family="human36m",
    description="h36m_*.npz and cameras.pkl of MMPose",
    sniff=_sniff,
    read=MMPose,
)
