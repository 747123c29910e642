"""Human3.6M as VideoPose3D prepares it: ``data_3d_h36m.npz`` and ``data_2d_h36m_gt.npz``."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.containers.npz import is_npz_with, load_member
from mvtri.datasets.dataset import Dataset, label_pixels
from mvtri.datasets.human36m.conventions import describe, label_truth, select_joints, videopose3d_cameras
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.errors import InputError, MissingFileError
from mvtri.formats.detections.videopose3d import SKELETONS, load_subjects
from mvtri.skeletons import get_skeleton

_TRUE = "gt"


class VideoPose3D(Dataset):
    """3D of 32 joints in metres; 2D of 17 by Human3.6M's lens formula with p1 and p2 exchanged; 50 Hz.

    Both files are pickles of all subjects at once, so they are read whole: about 0.5 GB for all of Human3.6M.

    Parameters
    ----------
    root : Path
        The folder, or the file of 3D in it.
    tolerance : float
        See `Dataset`.
    keypoints : str
        Which 2D file, ``data_2d_h36m_<keypoints>.npz``: ``"gt"`` is the projected truth, others come from
        detectors, such as ``"cpn_ft_h36m_dbb"``.
    """

    layout = "human36m-videopose3d"
    family = "human36m"

    def __init__(self, root: Path, tolerance: float = 0.02, keypoints: str = _TRUE):
        super().__init__(root, tolerance)
        self.keypoints = keypoints
        self.options |= {"keypoints": keypoints}
        self._truth_file = _truth_file(root)
        self._pixel_file = self._truth_file.with_name(f"data_2d_h36m_{keypoints}.npz")
        if keypoints != _TRUE and not self._pixel_file.is_file():
            there = sorted(path.stem[13:] for path in self._pixel_file.parent.glob("data_2d_h36m_*.npz"))
            raise MissingFileError(
                f"there is no {self._pixel_file}; keypoints= may be one of: {', '.join(there) or 'none'}"
            )

    @cached_property
    def _positions(self) -> dict[str, dict[str, Any]]:
        return load_subjects(self._truth_file, "positions_3d")

    @cached_property
    def _pixels(self) -> dict[str, dict[str, Any]] | None:
        if not self._pixel_file.is_file():
            return None
        return load_subjects(self._pixel_file, "positions_2d")

    @cached_property
    def _skeleton(self) -> str:
        about = load_member(self._pixel_file, "metadata")
        layout = about.get("layout_name", "h36m") if isinstance(about, dict) else "h36m"
        return SKELETONS.get(layout, "human36m17")

    def list_sequences(self) -> Iterator[SequenceInfo]:
        """Yield the recordings of ``positions_3d``."""
        for subject, actions in self._positions.items():
            for name, position in actions.items():
                if not isinstance(position, np.ndarray) or not position.ndim:
                    raise InputError(
                        f"{subject} {name} of {self.root} is no array; expected (frames, joints, 3)"
                    )
                yield describe(subject, name, len(position))

    def read(self, info: SequenceInfo) -> Sequence:
        """Read 3D and, where the file is there, 2D."""
        where = f"{self._truth_file}: {info}"
        cameras = videopose3d_cameras(info.subject, where)
        position = _numbers(self._positions[info.subject][info.name], 3, where)
        truth = label_truth(select_joints(position, 3, where), "VideoPose3D")
        if self._pixels is None:
            return Sequence(info, truth, cameras)
        where = f"{self._pixel_file}: {info}"
        views = self._pixels.get(info.subject, {}).get(info.name)
        if views is None:
            raise InputError(
                f"{where} is not in the file, but it is in {self._truth_file.name}; make both with one script"
            )
        if not isinstance(views, list | tuple | dict) and np.ndim(views) == 0:
            raise InputError(f"{where} holds no views, expected one for each of {', '.join(cameras.names)}")
        if len(views) != len(cameras):
            raise InputError(
                f"{where} has {len(views)} views, expected one for each of {', '.join(cameras.names)}"
            )
        skeleton = get_skeleton(self._skeleton)
        pixels = np.stack([self._view(view, info, where) for view in views], axis=2)[:, None]
        detections = label_pixels(
            truth, cameras, pixels, keypoints=skeleton.keypoints, skeleton=self._skeleton
        )
        return Sequence(info, truth, cameras, detections, is_oracle=self.keypoints == _TRUE)

    def _view(self, values: Any, info: SequenceInfo, where: str) -> np.ndarray:
        view = _numbers(values, 2, where)
        if view.shape[1] != 17:
            raise InputError(f"{where} has {view.shape[1]} joints in 2D, expected 17")
        # Some videos run on after the motion capture has ended, and so do the detections made on them.
        if len(view) < info.frames or (self.keypoints == _TRUE and len(view) != info.frames):
            raise InputError(
                f"{where} has {len(view)} frames of 2D, but {info.frames} of 3D; make both with one script"
            )
        return view[: info.frames]


def _numbers(values: Any, size: int, where: str) -> np.ndarray:
    numeric = isinstance(values, np.ndarray) and values.dtype.kind == "f"
    if not numeric or values.ndim != 3 or values.shape[-1] != size:
        shape = getattr(values, "shape", type(values).__name__)
        raise InputError(f"{where} has the shape {shape}, expected (frames, joints, {size})")
    numbers: np.ndarray = values.astype(np.float64)
    return numbers


def _truth_file(root: Path) -> Path:
    if root.is_file():
        return root
    named = root / "data_3d_h36m.npz"
    if not named.is_file():
        raise MissingFileError(f"there is no {named}, which VideoPose3D's script writes; check the path")
    return named


def _sniff(root: Path) -> bool:
    return is_npz_with(root if root.is_file() else root / "data_3d_h36m.npz", ("positions_3d",))


FORMAT = DatasetFormat(
    name="human36m-videopose3d",
    family="human36m",
    description="data_3d_h36m.npz and data_2d_h36m_gt.npz",
    sniff=_sniff,
    read=VideoPose3D,
)
