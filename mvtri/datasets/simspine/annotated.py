"""SIMSPINE as annotations with one row per image: ``simspine_train.npz`` and ``simspine_test.npz``."""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from mvtri.calib import read_cameras
from mvtri.cameras import CameraGroup
from mvtri.containers.npz import is_npz_with, load_member
from mvtri.datasets.dataset import label_pixels
from mvtri.datasets.human36m.conventions import built_in_cameras
from mvtri.datasets.image_annotations import AnnotatedDataset, merge_views
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.simspine.conventions import (
    FPS,
    KINEMATIC_AXES,
    SOURCE,
    Simspine,
    arrange,
    label_kinematics,
    label_truth,
)
from mvtri.errors import InputError, MissingFileError

_BY_SUBJECT = ("cameras/Calib_{}.toml", "../cameras/Calib_{}.toml")


class AnnotatedSimspine(AnnotatedDataset, Simspine):
    """World 3D in metres, z up, and 2D by OpenCV's formula; images are counted from 0.

    The file has no cameras: they come from ``cameras/Calib_Sx.toml`` beside it or beside its folder, and are
    else those of Human3.6M.  Its camera-space 3D (``S``), which is not in the frame of the 2D, is not used;
    nor is the third number of a 2D point, which says that it lies inside 1000 x 1000 px: one outside is kept,
    as in the other forms.
    """

    layout = "simspine-npz"
    shapes: ClassVar = {
        "part": (None, 3),
        "S_world": (None, 4),
        "angles": (KINEMATIC_AXES,),
        "center": (2,),
        "scale": (),
    }

    @cached_property
    def source(self) -> str:
        """The source that the metadata of the first file names."""
        about = load_member(next(iter(self.files.values())).path, "metadata")
        return str(about.get("source", SOURCE)) if isinstance(about, dict) else SOURCE

    def find_files(self) -> list[Path]:
        """Return the files of training and test."""
        return _paths(self.root)

    def read(self, info: SequenceInfo) -> Sequence:
        """Read the rows of a recording."""
        rows, path, where = self.rows_of(info)
        about = load_member(path, "metadata")
        keypoints, columns = arrange(_names(about, "joint_names", path), f"metadata of {path}")
        cameras = self._cameras(info.subject, path, rows.cameras, where)
        stored = rows.values("S_world", cameras.names)
        pixels = rows.values("part", cameras.names).swapaxes(1, 2)
        for what, count in (("3D", stored.shape[2]), ("2D", pixels.shape[1])):
            if count != len(keypoints):
                raise InputError(
                    f"{where} has {count} points in {what}, but metadata names {len(keypoints)}; is the "
                    "file damaged?"
                )
        times = rows.numbers / FPS
        truth = label_truth(merge_views(stored[..., :3], where)[:, columns], keypoints, times, self.source)
        angles = rows.values("angles", cameras.names[:1])[:, 0]
        axes = _names(about, "param_names", path)
        if angles.shape[1] != len(axes):
            raise InputError(
                f"{where} has {angles.shape[1]} angles, but metadata names {len(axes)}; is the file damaged?"
            )
        return Sequence(
            info,
            truth,
            cameras,
            label_pixels(truth, cameras, pixels[:, None, columns, :, :2]),
            is_oracle=True,
            boxes=rows.boxes(cameras.names),
            kinematics=label_kinematics(angles, axes, times, "unknown"),
            images=rows.images(cameras.names),
        )

    def _cameras(self, subject: str, file: Path, names: tuple[str, ...], where: str) -> CameraGroup:
        candidates = [file.parent / pattern.format(subject) for pattern in _BY_SUBJECT]
        beside = next((path for path in candidates if path.is_file()), None)
        if beside is None:
            cameras, origin = built_in_cameras(subject, where, distortion="opencv"), "Human3.6M"
        else:
            cameras, origin = read_cameras(beside), str(beside)
        if sorted(cameras.names) != sorted(names):
            raise InputError(
                f"{where} has images of the cameras {', '.join(sorted(names))}, but {origin} has "
                f"{', '.join(sorted(cameras.names))}; put cameras/Calib_{subject}.toml beside the file"
            )
        return cameras


def _names(about: object, key: str, path: Path) -> list[str]:
    if not isinstance(about, dict) or key not in about:
        raise InputError(f"metadata of {path} lacks {key}, which SIMSPINE's npz files have; check the path")
    return [str(name) for name in np.asarray(about[key]).reshape(-1).tolist()]


def _paths(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    found = [
        path for folder in (root, root / "annotations") for path in sorted(folder.glob("simspine_*.npz"))
    ]
    if not found:
        raise MissingFileError(
            f"there is no simspine_train.npz or simspine_test.npz in {root}; check the path"
        )
    return found


def _sniff(root: Path) -> bool:
    paths = [root] if root.is_file() else [*root.glob("*.npz"), *root.glob("annotations/*.npz")]
    return any(is_npz_with(path, ("imgname", "S_world")) for path in paths)


FORMAT = DatasetFormat(
    name="simspine-npz",
    family="simspine",
    description="simspine_train.npz and simspine_test.npz",
    sniff=_sniff,
    read=AnnotatedSimspine,
)
