"""Stored 2D of labelled sequences: the format is found once, then each sequence is located and read."""

import json
import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from mvtri.datasets.dataset import label_pixels
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.stored2d.locate import matching_name, places, recording_folder, sequence_file
from mvtri.errors import InputError, MissingFileError
from mvtri.files import check_one_file
from mvtri.formats.detections.files import DETECTIONS, raise_if_damaged
from mvtri.formats.detections.naming import name_keypoints
from mvtri.formats.detections.reader import DetectionsReader, Request
from mvtri.registry import Format
from mvtri.skeletons import NameOrFile, get_skeleton
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, provenance_of, to_array

logger = logging.getLogger("mvtri")
_SPARE = 0.01  # of the frames: a file of all sequences may run on at the end, as VideoPose3D's videos do
_MORE = {
    "covariance": "covariance",
    "box": "boxes",
    "mode_position": "mode_position",
    "mode_confidence": "mode_confidence",
}


class Stored2D:
    """Stored 2D of labelled sequences; `open_stored2d` makes it.

    Parameters
    ----------
    path : Path
        The folder or file.
    format : Format
        The format of the files, out of `DETECTIONS`.
    example : Path
        The file or folder in `path` by which the format was recognised.
    skeleton : str or path, optional
        The keypoint set, or a TOML file that defines one; needed where neither names nor the number of
        keypoints say it.

    Attributes
    ----------
    format : str
        The format's name, such as ``"openpose"``.
    description : str
        The format's description.
    of_all : DetectionsReader or None
        The reader of the one file of all sequences, where that is what is stored.
    """

    def __init__(self, path: Path, format: Format, example: Path, skeleton: NameOrFile | None = None):
        self.path = path
        self.format = format.name
        self.description = format.description
        self.skeleton = None if skeleton is None else str(skeleton)
        if skeleton is not None:
            get_skeleton(skeleton)  # before the work
        self._example = example
        self._served: SequenceInfo | None = None
        reader: DetectionsReader = format.read(example)
        at_top = example == path or example.parent == path
        self.of_all = reader if at_top and reader.holds_sequences else None

    def check(self, sequences: Iterable[SequenceInfo]) -> None:
        """Raise an error about the first sequence that is not stored; little is read.

        Raises
        ------
        InputError, MissingFileError
        """
        for info in sequences:
            self._find(info)

    def load(self, sequence: Sequence) -> xr.Dataset:
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
        reader, names = self._find(sequence.info)
        if self.of_all is not None and names is None and sequence.images is None:
            raise InputError(
                f"{reader.path} goes by the names of images, which the dataset does not have for "
                f"{sequence.info}; store one file per camera, such as S9/Eating/54138969.json"
            )
        request = Request(
            cameras=sequence.cameras.names,
            image_sizes=sequence.cameras.image_sizes,
            skeleton=self.skeleton,
            frames=(0, sequence.info.frames, 1),
            images=sequence.images,
            sequence=names or (sequence.info.subject, sequence.info.name),
        )
        numbers = reader.frame_numbers(request)
        if numbers is not None:  # a frame that one camera lacks shows nobody in it
            check_frames(len(numbers), sequence, str(reader.path))
            request = replace(request, frames=None)
        else:
            for part, count in reader.count_frames(request).items():
                check_frames(count, sequence, reader.where(part), _SPARE if names is not None else 0.0)
        return self._labelled(reader.read(request), sequence)

    def _labelled(self, found: xr.Dataset, sequence: Sequence) -> xr.Dataset:
        """Return the one person of the sequence at the times of its truth."""
        position = to_array(found)
        if not position.shape[1]:
            raise InputError(f"{self.path} has nobody in {sequence.info}; expected at least one person")
        keypoints = [str(name) for name in found[KEYPOINTS].to_numpy()]
        skeleton = str(found.attrs.get("skeleton", ""))
        if not skeleton:
            _, skeleton = name_keypoints(len(keypoints), keypoints, None, self.path)
        candidates = label_pixels(
            sequence.truth,
            sequence.cameras,
            position,
            to_array(found, "confidence"),
            keypoints,
            skeleton,
            source=str(found.attrs.get("source_software", "")) or self.description,
            associated=position.shape[1] == 1,
            **{argument: to_array(found, name) for name, argument in _MORE.items() if name in found},
        )
        own = {"stored_2d": {"format": self.format, "path": self.path.name}}
        candidates.attrs["provenance"] = json.dumps(provenance_of(found) | own)
        return _choose_subject(candidates, sequence)

    def _find(self, info: SequenceInfo) -> tuple[DetectionsReader, tuple[str, str] | None]:
        """Return the reader of a sequence, and the names of the sequence in a file of all of them."""
        if self.of_all is not None:
            return self.of_all, _names_in(self.of_all, info)
        if self._example == self.path:
            self._claim(info)
            place = self.path
        elif self._example.is_dir():
            place = recording_folder(self.path, info)
        else:
            place = sequence_file(self.path, info, self._example.suffix)
        reader: DetectionsReader = DETECTIONS.named(self.format).read(place)
        return reader, None

    def _claim(self, info: SequenceInfo) -> None:
        """Remember which sequence a lone file is of, and raise if it was of another one before."""
        if self._served is not None and self._served != info:
            raise InputError(
                f"{self.path} is one file, and cannot be both {self._served} and {info}; name the folder "
                "that holds one file per sequence"
            )
        self._served = info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}): {self.format}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self.format, self._example, self.skeleton)


def open_stored2d(path: str | os.PathLike[str], skeleton: NameOrFile | None = None) -> Stored2D:
    """Open 2D that a detector found earlier in the images of a labelled dataset.

    Parameters
    ----------
    path : path
        The folder or file, in one of these formats, which the content decides:

        - OpenPose JSON, ``<subject>/<sequence>/<camera>/*.json``;
        - COCO's or MMPose's JSON, ``<subject>/<sequence>/<camera>.json``, or one of COCO's whose images are
          those of the dataset;
        - VideoPose3D's ``data_2d_*.npz``;
        - Detections files (``.nc``) or plain arrays (``.npz``, ``.npy``), ``<subject>_<sequence>.nc`` or
          ``<subject>/<sequence>.nc``.
    skeleton : str or path, optional
        The keypoint set, or a TOML file that defines one; needed where neither names nor the number of
        keypoints say it.

    Returns
    -------
    Stored2D
        With ``.load(sequence)``, which returns Detections of one person, and ``.check(sequences)``.

    Raises
    ------
    MissingFileError
        If there is nothing at `path`.
    InputError
        If it is of none of these formats, or of several, or there is no such skeleton.
    """
    root = Path(path)
    if not root.exists():
        raise MissingFileError(f"there is no stored 2D at {root}; check the path")
    candidates = list(places(root))
    examples = {
        name: next((place for place in candidates if format.sniff(place)), None)
        for name, format in DETECTIONS.formats().items()
    }
    fitting = {name: example for name, example in examples.items() if example is not None}
    if not fitting:
        for place in candidates:
            raise_if_damaged(place)
        raise InputError(
            f"{root} holds no 2D in a format that mvtri reads ({DETECTIONS.described()}); check the path"
        )
    if len(fitting) > 1:
        raise InputError(
            f"{root} holds 2D in several formats ({', '.join(fitting)}); name the folder or file of one"
        )
    name, example = next(iter(fitting.items()))
    stored = _reopen(root, name, example, skeleton)
    if stored.of_all is not None:
        fitting_files = [place for place in candidates if DETECTIONS.named(name).sniff(place)]
        check_one_file(fitting_files, root, "files of 2D")
    return stored


def check_frames(count: int, sequence: Sequence, where: str, spare: float = 0.0) -> None:
    """Raise `InputError` unless there are as many stored frames as the sequence has.

    Parameters
    ----------
    count : int
        How many are stored.
    sequence : Sequence
    where : str
        Where they are stored, for messages.
    spare : float
        The part of the sequence's frames by which the stored ones may run on at the end, with a warning.
    """
    frames = sequence.info.frames
    if frames < count <= frames * (1 + spare):
        logger.warning("%s has %d frames of 2D for %d of 3D; the last are left out", where, count, frames)
    elif count != frames:
        raise InputError(
            f"{where} has {count} frames of 2D, but the sequence has {frames}; frame i of one belongs to "
            "frame i of the other, so store as many"
        )


def _names_in(reader: DetectionsReader, info: SequenceInfo) -> tuple[str, str] | None:
    stored = reader.list_sequences()
    if not stored:
        return None  # the images' names say which sequence they are of
    subject = matching_name(info.subject, stored, "subject", reader.path)
    return subject, matching_name(info.name, stored[subject], "sequence", f"{subject} in {reader.path}")


def _choose_subject(candidates: xr.Dataset, sequence: Sequence) -> xr.Dataset:
    """Return the one person of the sequence; one candidate per view is taken as it is, whoever it is."""
    if candidates.attrs.get("associated"):
        return candidates
    from mvtri.association import associate

    subject = associate(candidates, sequence.cameras, boxes=sequence.boxes)
    return subject.assign_coords({INDIVIDUALS: sequence.truth[INDIVIDUALS].to_numpy()})


def _reopen(path: Path, format: str, example: Path, skeleton: NameOrFile | None) -> Stored2D:
    return Stored2D(path, DETECTIONS.named(format), example, skeleton)
