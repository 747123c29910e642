"""What the layouts of SIMSPINE share: markers, axes, names.

Markers are stored as OpenSim has them, y up: the world's (x, y, z) are the stored (z, x, y).  Lengths are
metres, whatever a header says.  Its 2D is made with OpenCV's lens formula.
"""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.datasets.dataset import SYNTHETIC, Dataset
from mvtri.datasets.human36m.camera_check import CameraCheck
from mvtri.errors import InputError, one_of
from mvtri.formats.tracks.markers import from_opensim
from mvtri.skeletons import get_skeleton
from mvtri.tracks import make_tracks

FPS = 50.0
_ALL = get_skeleton("spinetrack37").keypoints
_SPINE = get_skeleton("spinetrack37").groups["spine"]
KINEMATIC_AXES = 62
_ARM = ("Clavicle", "Shoulder", "Elbow", "Wrist")
_LEG = ("Hip", "Knee", "Ankle", "BigToe", "SmallToe", "Heel")
MARKERS = (
    *("Hip", "Spine_01", "Spine_02", "Spine_03", "Spine_04", "Spine_05", "Neck", "Neck_02", "Neck_03"),
    *("Head", "Nose", "REye", "LEye", "REar", "LEar", "RLatissimus", "LLatissimus"),
    *(side + part for limb in (_ARM, _LEG) for side in "RL" for part in limb),
)  # in the order of its HDF5 and TRC files
SOURCE = "SIMSPINE"  # the source of the truth, when a file does not name one
SOURCE_FILE = "source.txt"  # names it in the first line; only `write_simspine` writes one


class Simspine(Dataset):
    """What the readers share.

    Parameters
    ----------
    root, tolerance
        See `Dataset`.
    camera_check : {"near", "none"}
        SIMSPINE's cameras are those of Human3.6M, or near them; ``"none"`` allows any cameras.
    """

    family = "simspine"

    def __init__(self, root: Path, tolerance: float = 0.02, camera_check: CameraCheck = "near"):
        super().__init__(root, tolerance)
        if camera_check not in ("near", "none"):
            raise InputError(one_of(camera_check, ("near", "none"), "choice for camera_check="))
        self.camera_check = camera_check
        self.options |= {"camera_check": camera_check}

    @property
    @abstractmethod
    def source(self) -> str:
        """The source of the truth: SIMSPINE, or what a file of `write_simspine` names."""

    @property
    def synthetic(self) -> bool:
        """Whether the people in it do not exist."""
        return self.source == SYNTHETIC


def arrange(markers: Sequence[str], where: str) -> tuple[list[str], list[int]]:
    """Return our keypoints and, for each, the place of its marker.

    Parameters
    ----------
    markers : sequence of str
        As stored, such as ``"RHip"``.
    where : str
        File, which begins the sentence.

    Returns
    -------
    keypoints : list of str
        Those of ``spinetrack37`` in its order, or its group ``spine``.
    columns : list of int

    Raises
    ------
    InputError
        If they are neither the 37 nor the 15 markers.
    """
    found = [from_opensim(name) for name in markers]
    for keypoints in (_ALL, _SPINE):
        if sorted(found) == sorted(keypoints):
            return list(keypoints), [found.index(name) for name in keypoints]
    lacking = [name for name in _ALL if name not in found]
    unknown = [name for name, ours in zip(markers, found) if ours not in _ALL]
    details = [
        f"{what} {', '.join(names[:5])}" for what, names in (("without", lacking), ("with", unknown)) if names
    ]
    what = "; ".join(details) or "some of them twice"
    raise InputError(
        f"{where} has {len(markers)} markers ({what}), expected the 37 of SIMSPINE or the 15 of its spine"
    )


def to_world(markers: np.ndarray) -> np.ndarray:
    """Return world coordinates (..., 3), z up, of stored ones, y up."""
    return np.asarray(markers, dtype=np.float64)[..., [2, 0, 1]]


def to_stored(world: np.ndarray) -> np.ndarray:
    """Return coordinates as they are stored (..., 3), y up, of the world's, z up."""
    return world[..., [1, 2, 0]]


def label_truth(
    position: np.ndarray, keypoints: Sequence[str], times: np.ndarray, source: str = SOURCE
) -> xr.Dataset:
    """Return Tracks of world coordinates (T, K, 3) in metres at `times` (T,) in seconds."""
    steps = np.diff(times)
    if len(steps) and not (steps > 0).all():
        raise InputError("the times do not increase from frame to frame")
    rate = 1.0 / float(np.median(steps)) if len(steps) else FPS
    return make_tracks(
        position[:, None],
        keypoints=keypoints,
        fps=float(f"{rate:.6g}"),
        times=times,
        skeleton="spinetrack37" if tuple(keypoints) == _ALL else "",
        source=source,
    )


def label_kinematics(values: np.ndarray, axes: Sequence[str], times: np.ndarray, unit: str) -> xr.DataArray:
    """Return joint coordinates (T, 62), as stored; see `mvtri.datasets.dataset.Sequence`."""
    return xr.DataArray(
        values,
        dims=("time", "axis"),
        coords={"time": times, "axis": list(axes)},
        name="kinematics",
        attrs={"rotation_unit": unit},
    )
