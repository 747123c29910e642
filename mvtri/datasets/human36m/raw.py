"""Human3.6M as its authors publish it: CDF files in ``Sx/MyPoseFeatures`` and ``metadata.xml``."""

import logging
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.calib.formats.human36m import read_metadata
from mvtri.cameras import CameraGroup
from mvtri.containers.cdf import check_cdf
from mvtri.datasets.dataset import Dataset, label_pixels, require_path
from mvtri.datasets.human36m.camera_check import CameraCheck
from mvtri.datasets.human36m.conventions import built_in_cameras, describe, label_truth, select_joints
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.errors import InputError, MissingExtraError, MissingFileError

logger = logging.getLogger("mvtri")
_VARIABLE = "Pose"


class RawHuman36M(Dataset):
    """Folders S1, S5 and so on; 3D in mm, 2D in px by Human3.6M's own lens formula, 50 Hz."""

    layout = "human36m-raw"
    family = "human36m"
    camera_check: CameraCheck = "exact"

    @cached_property
    def _files(self) -> dict[tuple[str, str], Path]:
        return {
            (path.parents[2].name, path.stem): path
            for path in self.root.glob("S*/MyPoseFeatures/D3_Positions/*.cdf")
            if not path.stem.startswith("_ALL") and not path.name.startswith(".")
        }

    def list_sequences(self) -> Iterator[SequenceInfo]:
        """Yield the recordings of ``D3_Positions``; their lengths are in the headers of the files."""
        for (subject, name), path in self._files.items():
            yield describe(subject, name, _frames(path))

    def read(self, info: SequenceInfo) -> Sequence:
        """Read 3D and, where there is a folder ``D2_Positions``, the 2D of the four cameras."""
        path = self._files[info.subject, info.name]
        truth = label_truth(select_joints(_pose(path), 3, str(path)) / 1000.0, "Human3.6M")
        cameras = self._cameras(info.subject)
        folder = self.root / info.subject
        detections = None
        if (folder / "MyPoseFeatures" / "D2_Positions").is_dir():
            pixels = [self._pixels(info, name) for name in cameras.names]
            detections = label_pixels(truth, cameras, np.stack(pixels, axis=2)[:, None])
        videos = tuple(folder / "Videos" / f"{info.name}.{name}.mp4" for name in cameras.names)
        return Sequence(
            info,
            truth,
            cameras,
            detections,
            is_oracle=detections is not None,
            videos=videos if all(video.is_file() for video in videos) else None,
        )

    def _pixels(self, info: SequenceInfo, camera: str) -> np.ndarray:
        name = f"{info.name}.{camera}.cdf"
        path = require_path(
            self.root / info.subject / "MyPoseFeatures" / "D2_Positions" / name, "the 2D of a camera"
        )
        pixels = select_joints(_pose(path), 2, str(path))
        if len(pixels) != info.frames:
            raise InputError(
                f"{path} has {len(pixels)} frames, but the 3D has {info.frames}; copy both from one release"
            )
        return pixels

    def _cameras(self, subject: str) -> CameraGroup:
        path = self.root / "metadata.xml"
        if path.is_file():
            return read_metadata(path, subject)
        logger.warning("there is no %s; mvtri uses its built-in cameras", path)
        return built_in_cameras(subject, str(self.root))


def _open_cdf(path: Path) -> Any:
    try:
        import cdflib
    except ImportError:
        raise MissingExtraError("cdflib", "human36m", "reading the CDF files of Human3.6M") from None
    check_cdf(path)
    try:
        return cdflib.CDF(path)
    except Exception as error:  # whatever a damaged file makes of the parser
        raise InputError(_damaged(path, error)) from None


def _frames(path: Path) -> int:
    file = _open_cdf(path)
    try:
        about = file.varinq(_VARIABLE)
    except Exception as error:
        raise InputError(_lacking(path, error)) from None
    sizes = [int(size) for size in about.Dim_Sizes]
    return sizes[0] if len(sizes) == 2 else int(about.Last_Rec) + 1


def _pose(path: Path) -> np.ndarray:
    file = _open_cdf(path)
    try:
        file.varinq(_VARIABLE)
    except Exception as error:
        raise InputError(_lacking(path, error)) from None
    try:
        pose = np.asarray(file.varget(_VARIABLE), dtype=np.float64)
    except Exception as error:
        raise InputError(_damaged(path, error)) from None
    return pose[0] if pose.ndim == 3 and len(pose) == 1 else pose


def _lacking(path: Path, error: Exception) -> str:
    return f"{path} has no variable {_VARIABLE} that can be read ({_brief(error)}); check the path"


def _damaged(path: Path, error: Exception) -> str:
    return f"{path} is not a complete CDF file ({_brief(error)}); copy it again"


def _brief(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))[:120] or type(error).__name__


def _sniff(root: Path) -> bool:
    return root.is_dir() and any(root.glob("S*/MyPoseFeatures"))


def _open(root: Path, tolerance: float = 0.02) -> RawHuman36M:
    if not root.is_dir():
        raise MissingFileError(
            f"{root} is not a folder; expected a folder that holds S1/MyPoseFeatures and so on"
        )
    return RawHuman36M(root, tolerance)


FORMAT = DatasetFormat(
    name="human36m-raw",
    family="human36m",
    description="folders Sx/MyPoseFeatures with CDF files, and metadata.xml",
    sniff=_sniff,
    read=_open,
)
