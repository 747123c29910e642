"""One labelled recording: what is known of it before it is read, and what it holds in memory."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.tracks import CAMERAS


@dataclass(frozen=True)
class SequenceInfo:
    """One recording of one subject.

    Attributes
    ----------
    subject : str
        Such as ``"S9"``.
    name : str
        Its name in the files, such as ``"SittingDown 1"``; unique for each `subject`.
    action : str
        What the subject does, such as ``"SittingDown"``: one of the fifteen actions that results are
        reported for.
    frames : int
        How many there are, at the frame rate of the layout.
    damaged : bool
        Whether its 3D is known to be wrong: not where the images show the subject.
    """

    subject: str
    name: str
    action: str
    frames: int
    damaged: bool = False

    def __str__(self) -> str:
        return f"{self.subject} {self.name}"


@dataclass(frozen=True, eq=False)
class Sequence:
    """A recording in memory.

    Attributes
    ----------
    info : SequenceInfo
    truth : xarray.Dataset
        Tracks: metres, z up.
    cameras : CameraGroup
        With the lens formula that the 2D of the layout follows.
    detections : xarray.Dataset or None
        The 2D that the layout stores; None where it stores none.
    is_oracle : bool
        Whether `detections` is the projected truth, and not the output of a detector.
    boxes : ndarray, shape (T, C, 4), or None
        Stored person boxes x1, y1, x2, y2, px; NaN where a view has none.
    kinematics : xarray.DataArray or None
        Joint coordinates of a musculoskeletal model, dims ``time, axis``, as stored; the attribute
        ``rotation_unit`` says ``"degree"``, ``"radian"`` or ``"unknown"``.
    images : ndarray of str, shape (T, C), or None
        The frames' image files, relative to the layout's image folder; empty where a view has none.
    videos : tuple of C paths, or None
        The videos, where they lie beside the labels.
    """

    info: SequenceInfo
    truth: xr.Dataset
    cameras: CameraGroup
    detections: xr.Dataset | None = None
    is_oracle: bool = False
    boxes: np.ndarray | None = None
    kinematics: xr.DataArray | None = None
    images: np.ndarray | None = None
    videos: tuple[Path, ...] | None = None

    def subset(self, cameras: Collection[str]) -> "Sequence":
        """Return the recording with some of its cameras, in the order of `cameras`."""
        at = [self.cameras.names.index(name) for name in cameras]
        return replace(
            self,
            cameras=self.cameras.subset(list(cameras)),
            detections=None if self.detections is None else self.detections.sel({CAMERAS: list(cameras)}),
            boxes=None if self.boxes is None else self.boxes[:, at],
            images=None if self.images is None else self.images[:, at],
            videos=None if self.videos is None else tuple(self.videos[place] for place in at),
        )
