"""What all formats of stored 2D share: the frames fit, one person a view is chosen, keypoints have names."""

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.datasets.dataset import label_pixels
from mvtri.datasets.sequence import Sequence as Recording
from mvtri.datasets.sequence import SequenceInfo
from mvtri.datasets.stored2d.people import name_keypoints
from mvtri.errors import InputError
from mvtri.formats.detections.common import split_scores, warn_of_size
from mvtri.skeletons import get_skeleton
from mvtri.tracks import INDIVIDUALS

logger = logging.getLogger("mvtri")


@dataclass(frozen=True, eq=False)
class Candidates:
    """The people whom a format stores of a sequence, cameras in the order of the sequence's.

    Attributes
    ----------
    position : ndarray, shape (T, N, K, C, 2)
        Pixels, NaN where missing.
    confidence : ndarray, shape (T, N, K, C)
        0..1, 0 where missing.
    keypoints : sequence of str
        K names.
    skeleton : str
    more : dict of str to ndarray
        What else `mvtri.tracks.make_detections` takes, (T, N, K, C, ...), or (T, N, C, 4) for ``boxes``.
    source : str
        The software that found them, where the files tell.
    provenance : dict
        What the files keep about how they came about.
    """

    position: np.ndarray
    confidence: np.ndarray
    keypoints: Sequence[str]
    skeleton: str
    more: dict[str, np.ndarray] = field(default_factory=dict)
    source: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)


class Stored2D(ABC):
    """Stored 2D in one of the formats; `open_stored2d` finds out which.

    Parameters
    ----------
    path : Path
        The folder or file.
    skeleton : str, optional
        The keypoint set, where neither names nor the number of keypoints tell.

    Attributes
    ----------
    format : str
        Its name, such as ``"openpose"``.
    description : str
        One line: what lies there.
    """

    format: str
    description: str

    def __init__(self, path: Path, skeleton: str | None = None):
        self.path = path
        self.skeleton = None if skeleton is None else get_skeleton(skeleton).name
        self._served: SequenceInfo | None = None

    @staticmethod
    @abstractmethod
    def sniff(path: Path) -> bool:
        """Return whether a file or folder is of this format; never raises, and is true of a damaged one."""

    @abstractmethod
    def locate(self, info: SequenceInfo) -> Any:
        """Return where a sequence is stored, or raise if it is not."""

    @abstractmethod
    def read(self, sequence: Recording) -> Candidates:
        """Read the people of a sequence."""

    def check(self, sequences: Iterable[SequenceInfo]) -> None:
        """Raise a sentence about the first sequence that is not stored; little is read.

        Raises
        ------
        InputError, MissingFileError
        """
        for info in sequences:
            self.locate(info)

    def load(self, sequence: Recording) -> xr.Dataset:
        """Read the 2D of a sequence.

        Parameters
        ----------
        sequence : Sequence
            As `Dataset.load` returns it.

        Returns
        -------
        xarray.Dataset
            Detections of one person, associated: times of the sequence's truth, its cameras, the stored
            keypoints; NaN with score 0 where nothing is stored.  Where views hold several people, it is the
            one whom `mvtri.association.associate` chooses, by the sequence's boxes where it has any.

        Raises
        ------
        MissingFileError
            If the sequence is not stored.
        InputError
            If a camera or frames are not, a file is damaged, or it is not certain which keypoints these are.
        """
        found = self.read(sequence)
        if not found.position.shape[1]:
            raise InputError(f"{self.path} has nobody in {sequence.info}; expected at least one person")
        candidates = label_pixels(
            sequence.truth,
            sequence.cameras,
            found.position,
            found.confidence,
            found.keypoints,
            found.skeleton,
            source=found.source or self.description,
            associated=found.position.shape[1] == 1,
            **found.more,
        )
        own = {"stored_2d": {"format": self.format, "path": self.path.name}}
        candidates.attrs["provenance"] = json.dumps(found.provenance | own)
        return _choose_subject(candidates, sequence)

    def claim(self, info: SequenceInfo) -> None:
        """Remember which sequence a lone file serves.

        Raises
        ------
        InputError
            If it served another one before.
        """
        if self._served is not None and self._served != info:
            raise InputError(
                f"{self.path} is one file, and cannot be both {self._served} and {info}; name the folder "
                "that holds a file a sequence"
            )
        self._served = info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}): {self.format}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.skeleton)


def _choose_subject(candidates: xr.Dataset, sequence: Recording) -> xr.Dataset:
    """Return the one person of the sequence; one candidate per view is taken as it is, whoever it is."""
    if candidates.attrs.get("associated"):
        return candidates
    from mvtri.association import associate

    subject = associate(candidates, sequence.cameras, boxes=sequence.boxes)
    return subject.assign_coords({INDIVIDUALS: sequence.truth[INDIVIDUALS].to_numpy()})


def check_frames(count: int, sequence: Recording, where: str, spare: float = 0.0) -> None:
    """Raise `InputError` unless there are as many stored frames as the sequence has.

    Parameters
    ----------
    count : int
        How many are stored.
    sequence : Sequence
    where : str
        Begins the sentence.
    spare : float
        The part of the sequence's frames by which stored ones may run on at the end, which is said.
    """
    frames = sequence.info.frames
    if frames < count <= frames * (1 + spare):
        logger.warning("%s has %d frames of 2D for %d of 3D; the last are left out", where, count, frames)
    elif count != frames:
        raise InputError(
            f"{where} has {count} frames of 2D, but the sequence has {frames}; frame i of one belongs to "
            "frame i of the other, so store as many"
        )


def label_people(
    values: np.ndarray,
    sequence: Recording,
    names: Sequence[str] | None,
    skeleton: str | None,
    where: str,
) -> Candidates:
    """Return people with the names of their keypoints, and say if scores or places look wrong.

    Parameters
    ----------
    values : ndarray, shape (T, N, K, C, 3)
        x, y and score.
    sequence, names, skeleton, where
        See `name_keypoints`.
    """
    position, confidence = split_scores(values)
    return label_positions(position, confidence, sequence, names, skeleton, where)


def label_positions(
    position: np.ndarray,
    confidence: np.ndarray,
    sequence: Recording,
    names: Sequence[str] | None,
    skeleton: str | None,
    where: str,
) -> Candidates:
    """Do what `label_people` does for positions (T, N, K, C, 2) and scores (T, N, K, C)."""
    keypoints, told = name_keypoints(position.shape[2], names, skeleton, where)
    warn_of_size(position, sequence.cameras.names, sequence.cameras.image_sizes)
    return Candidates(position, confidence, keypoints, told)
