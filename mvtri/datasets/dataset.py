"""The common form of labelled recordings: sequences with true 3D, their cameras and, where stored, 2D.

A reader of a layout lists its sequences and reads one of them; `Dataset` does the rest, the checks included.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.datasets.human36m.camera_check import CameraCheck
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.validation import check_sequence
from mvtri.errors import InputError, MissingFileError, one_of
from mvtri.inputs import as_damage
from mvtri.names import natural
from mvtri.tracks import make_detections, to_array

SYNTHETIC = "synthetic (mvtri)"  # the source of the truth of people that do not exist


class Dataset(ABC):
    """Labelled sequences in a folder or file; listing them is fast, and one is read at a time.

    Parameters
    ----------
    root : Path
        The folder or file.
    tolerance : float
        How far the stored true 2D may be from the projected 3D, px.

    Attributes
    ----------
    layout : str
        Which reader this is.
    family : str
        Which data these are, in whatever layout: ``"human36m"`` or ``"simspine"``.
    camera_check : {"exact", "near", "none"}
        How exactly the cameras in a file must be those of Human3.6M.
    """

    layout: str
    family: str
    camera_check: CameraCheck = "none"

    @property
    def synthetic(self) -> bool:
        """Whether the people in it do not exist; reports say it."""
        return False

    def __init__(self, root: Path, tolerance: float = 0.02):
        self.root = root
        self.tolerance = tolerance
        self.options: dict[str, Any] = {"tolerance": tolerance}

    @abstractmethod
    def list_sequences(self) -> Iterable[SequenceInfo]:
        """Return what there is, in any order."""

    @abstractmethod
    def read(self, info: SequenceInfo) -> Sequence:
        """Read a sequence, without the checks that `load` does."""

    @cached_property
    def sequences(self) -> tuple[SequenceInfo, ...]:
        """All sequences, subject by subject."""
        with as_damage(self.root):
            found = sorted(
                self.list_sequences(), key=lambda info: (natural(info.subject), natural(info.name))
            )
        if not found:
            raise InputError(f"{self.root} holds no sequence in the layout {self.layout}; check the path")
        return tuple(found)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects' names."""
        return tuple(dict.fromkeys(info.subject for info in self.sequences))

    def select(
        self,
        subjects: Collection[str] | None = None,
        actions: Collection[str] | None = None,
        exclude_damaged: bool = False,
    ) -> tuple[SequenceInfo, ...]:
        """Return the sequences of some subjects and actions (or names), all by default.

        Raises
        ------
        InputError
            If there is no such subject or action.
        """
        known = {action for info in self.sequences for action in (info.action, info.name)}
        for wanted, there, what in (
            (subjects, set(self.subjects), "subject"),
            (actions, known, "action"),
        ):
            for name in wanted or ():
                if name not in there:
                    raise InputError(one_of(name, sorted(there, key=natural), what))
        return tuple(
            info
            for info in self.sequences
            if (subjects is None or info.subject in subjects)
            and (actions is None or info.action in actions or info.name in actions)
            and not (exclude_damaged and info.damaged)
        )

    def load(self, sequence: SequenceInfo) -> Sequence:
        """Read a sequence and check that its parts fit each other.

        Parameters
        ----------
        sequence : SequenceInfo
            One of `sequences`.

        Raises
        ------
        InputError
            If it is none of them, its file is damaged, or 3D, cameras and 2D contradict each other.
        """
        if sequence not in self.sequences:
            raise InputError(f"there is no sequence {sequence} in {self.root}; choose one of .sequences")
        with as_damage(self.root):
            loaded = self.read(sequence)
        check_sequence(loaded, f"{self.root}: {sequence}", self.tolerance, self.camera_check)
        return loaded

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root)!r}): {self.layout}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (type(self), self.root, self.options)


def oracle_detections(sequence: Sequence) -> xr.Dataset:
    """Return the true 2D of a sequence: the stored one, else the truth projected through its cameras.

    Points behind a camera are missing; points outside the image are not.

    Returns
    -------
    xarray.Dataset
        Detections of the individuals of the truth, associated, with scores of 1.
    """
    if sequence.detections is not None and sequence.is_oracle:
        return sequence.detections
    return project_truth(sequence.truth, sequence.cameras)


def project_truth(truth: xr.Dataset, cameras: CameraGroup) -> xr.Dataset:
    """Return the Detections that a perfect detector would make: the truth, projected into every view.

    Parameters
    ----------
    truth : Tracks
        Of any number of individuals; m, world coordinates.
    cameras : CameraGroup
        Projects with lens distortion.

    Returns
    -------
    Detections
        Score 1, or 0 and NaN where the truth is missing or behind a camera.
    """
    return label_pixels(truth, cameras, cameras.project(to_array(truth)))


def label_pixels(
    truth: xr.Dataset,
    cameras: CameraGroup,
    pixels: np.ndarray,
    confidence: np.ndarray | None = None,
    keypoints: Collection[str] | None = None,
    skeleton: str | None = None,
    source: str | None = None,
    associated: bool = True,
    **more: Any,
) -> xr.Dataset:
    """Return Detections at the times of `truth`.

    Parameters
    ----------
    truth : xarray.Dataset
        Tracks.
    cameras : CameraGroup
    pixels : ndarray, shape (T, N, K, C, 2)
        NaN where missing.
    confidence : ndarray, shape (T, N, K, C), optional
        1 where there are pixels, by default; a keypoint with confidence 0 is missing.
    keypoints, skeleton, source : optional
        Those of `truth` by default.
    associated : bool
        Whether the N individuals are those of `truth`, in its order; else they are candidates of each view.
    **more
        What else `make_detections` takes, such as `covariance`.
    """
    pixels = np.array(pixels, dtype=np.float64)
    present = np.isfinite(pixels).all(axis=-1)
    if confidence is not None:
        present &= confidence > 0
    scores = np.where(present, 1.0 if confidence is None else confidence, 0.0)
    pixels[~present] = np.nan
    detections = make_detections(
        pixels,
        scores,
        keypoints=list(truth["keypoints"].to_numpy() if keypoints is None else keypoints),
        cameras=cameras.names,
        image_sizes=cameras.image_sizes,
        times=truth["time"].to_numpy(),
        fps=truth.attrs.get("fps"),
        individuals=[str(name) for name in truth["individuals"].to_numpy()] if associated else None,
        skeleton=truth.attrs["skeleton"] if skeleton is None else skeleton,
        source=truth.attrs["source_software"] if source is None else source,
        **more,
    )
    if associated:
        detections.attrs["associated"] = 1
    return detections


def require_path(path: Path, what: str) -> Path:
    """Return `path`; raise `MissingFileError`, which says that `what` was expected there, if it is absent."""
    if not path.exists():
        raise MissingFileError(f"there is no {path}; expected {what} there; check the path")
    return path


def _reopen(kind: type[Dataset], root: Path, options: dict[str, Any]) -> Dataset:
    return kind(root, **options)
